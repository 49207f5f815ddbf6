"""Unmodified clients of other servers' protocols, against a running agent. One call, one row: the name of a check.

    clients.py CHECK ADDRESS TOKEN

Prints what was seen; fails with a traceback.
"""

import math
import sys

WORDS = ["where is the boiler's manual?", "Das Handbuch der Heizung liegt im Keller."]


def openai_client(address, token):
    import openai

    client = openai.OpenAI(base_url=f"http://{address}/v1", api_key=token, max_retries=0)
    model = client.models.list().data[0].id
    # The client asks for base64 by itself, and for numbers when it is told to.
    short = client.embeddings.create(model=model, input=WORDS)
    long = client.embeddings.create(model=model, input=WORDS, encoding_format="float")
    for a, b in zip(short.data, long.data, strict=True):
        assert all(abs(x - y) < 1e-6 for x, y in zip(a.embedding, b.embedding, strict=True))
        assert abs(math.hypot(*a.embedding) - 1) < 1e-3
    assert short.usage.prompt_tokens == short.usage.total_tokens > 8
    for wrong, error in [
        ({"model": "other", "input": "a"}, openai.NotFoundError),
        ({"model": model, "input": [1, 2, 3]}, openai.BadRequestError),
        ({"model": model, "input": "a", "dimensions": 8}, openai.BadRequestError),
        ({"model": model, "input": "word " * 400}, openai.BadRequestError),
    ]:
        try:
            client.embeddings.create(**wrong)
        except error as told:
            assert told.body["message"], told
        else:
            raise AssertionError(wrong)
    try:
        openai.OpenAI(base_url=f"http://{address}/v1", api_key="wrong", max_retries=0).models.list()
    except openai.AuthenticationError as told:
        assert told.code == "invalid_api_key"
    else:
        raise AssertionError("a wrong key was taken")
    return f"openai {openai.__version__}: {len(short.data)} vectors of {len(short.data[0].embedding)}, {short.usage.total_tokens} tokens"


def ollama_client(address, token):
    import ollama

    client = ollama.Client(host=f"http://{address}", headers={"Authorization": f"Bearer {token}"})
    model = client.list().models[0].model
    answer = client.embed(model=model, input=WORDS)
    assert len(answer.embeddings) == 2 and answer.prompt_eval_count > 8
    assert client.embed(model=f"{model}:latest", input="word " * 400).prompt_eval_count == 254
    for wrong, status in [({"model": "other", "input": "a"}, 404), ({"model": model, "input": "word " * 400, "truncate": False}, 400)]:
        try:
            client.embed(**wrong)
        except ollama.ResponseError as told:
            assert told.status_code == status and told.error, told
        else:
            raise AssertionError(wrong)
    return f"{model}: {len(answer.embeddings)} vectors of {len(answer.embeddings[0])}"


CHECKS = {
    "openai": openai_client,
    "ollama": ollama_client,
}

if __name__ == "__main__":
    print(CHECKS[sys.argv[1]](*sys.argv[2:]))
