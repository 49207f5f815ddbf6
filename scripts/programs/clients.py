"""Unmodified clients of other servers' protocols, against a running agent. One call, one row: the name of a check.

    clients.py CHECK ADDRESS TOKEN [COMMAND ARGUMENT...]

Prints what was seen; fails with a traceback.
"""

import asyncio
import math
import sys
import urllib.request

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


def prometheus_parser(address, token):
    from prometheus_client.parser import text_string_to_metric_families

    request = urllib.request.Request(f"http://{address}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    assert all(family.documentation and family.type in ("gauge", "counter", "histogram") and family.samples for family in families)
    for family in families:
        if family.type == "histogram":
            # Of each set of labels the buckets rise, and the last one counts all.
            buckets = [sample for sample in family.samples if sample.name.endswith("_bucket")]
            counts = sum(sample.value for sample in family.samples if sample.name.endswith("_count"))
            assert sum(sample.value for sample in buckets if sample.labels["le"] == "+Inf") == counts, family.name
            rises = zip(buckets, buckets[1:])
            assert all(one.value <= two.value for one, two in rises if one.labels["le"] != "+Inf"), family.name
    assert any(family.name == "wattle_files" for family in families)
    return f"{len(families)} families, {sum(len(family.samples) for family in families)} series"


def openapi_document(address, token):
    import json
    from jsonschema import Draft202012Validator
    from openapi_spec_validator import OpenAPIV31SpecValidator

    def answer(path, body=None):
        headers = {"Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://{address}{path}", json.dumps(body).encode() if body else None, headers)
        with urllib.request.urlopen(request) as told:
            return json.load(told)

    document = answer("/v1/openapi.json")
    OpenAPIV31SpecValidator(document).validate()
    # The answers of those calls that take nothing, and of a question.
    held = 0
    asked = [(path, "get", None) for path, of in document["paths"].items() if "get" in of and "parameters" not in of["get"]]
    for path, method, body in [*asked, ("/v1/search", "post", {"query": "boiler manual"})]:
        content = document["paths"][path][method]["responses"]["200"].get("content", {}).get("application/json")
        if content and path != "/v1/pair/qr":
            schema = {**content["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(answer(path, body))
            held += 1
    return f"{document['openapi']}: {len(document['paths'])} paths, {len(document['components']['schemas'])} schemas, {held} answers fit"


async def mcp_tools(client):
    tools = sorted(tool.name for tool in (await client.list_tools()).tools)
    assert tools == ["list_collections", "read_document", "search", "status"], tools
    found = await client.call_tool("search", {"query": "boiler manual", "k": 3})
    hits = found.structured_content["hits"]
    assert not found.is_error and hits and hits[0]["device"] and hits[0]["path"], found
    read = await client.call_tool("read_document", {"path": hits[0]["path"]})
    assert not read.is_error and "boiler" in read.content[0].text, read
    listed = (await client.list_resources()).resources
    text = (await client.read_resource(hits[0]["uri"])).contents[0].text
    assert "boiler" in text and any(str(one.uri) == hits[0]["uri"] for one in listed), listed
    for name in ("list_collections", "status"):
        assert not (await client.call_tool(name, {})).is_error
    assert (await client.call_tool("search", {"query": ""})).is_error
    return f"{len(tools)} tools, {len(listed)} resources"


async def mcp_modes(connect):
    seen = []
    for mode in ("auto", "legacy"):
        async with connect(mode) as client:
            seen.append(f"{client.protocol_version}: {await mcp_tools(client)}")
    assert seen[0] != seen[1]
    return "; ".join(seen)


def mcp_http(address, token):
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async def run():
        async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
            return await mcp_modes(lambda mode: Client(streamable_http_client(f"http://{address}/mcp", http_client=http), mode=mode))

    return asyncio.run(run())


def mcp_stdio(_address, _token, command, *arguments):
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters

    server = StdioServerParameters(command=command, args=list(arguments))
    return asyncio.run(mcp_modes(lambda mode: Client(server, mode=mode)))


CHECKS = {
    "openai": openai_client,
    "ollama": ollama_client,
    "prometheus": prometheus_parser,
    "openapi": openapi_document,
    "mcp-http": mcp_http,
    "mcp-stdio": mcp_stdio,
}

if __name__ == "__main__":
    print(CHECKS[sys.argv[1]](*sys.argv[2:]))
