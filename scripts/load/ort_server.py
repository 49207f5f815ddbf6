"""A plain ONNX Runtime server: POST /v1/embeddings as OpenAI's call, one process, one session with a thread for each core.

  plain   the model's own file; each text is one run, and runs follow each other: what a first server of anybody's looks like
  batch   the int8 form with a mask; whatever texts wait, up to 32, are one padded run: how a careful one is written

Prints its address, and serves until its standard input ends. HTTP is read by hand, so that no framework's cost counts against ONNX Runtime.
"""

import asyncio
import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
from tokenizers import BertWordPieceTokenizer

BATCH = 32


class Model:
    def __init__(self, path, vocabulary, cores):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = cores
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.masked = len(self.session.get_inputs()) == 2
        self.tokenizer = BertWordPieceTokenizer(vocabulary, lowercase=True)
        self.tokenizer.enable_truncation(256)
        if self.masked:
            self.tokenizer.enable_padding()

    def embed(self, texts):
        """The vectors of these texts and their numbers of tokens."""
        if not self.masked:
            read = [self.tokenizer.encode(text) for text in texts]
            vectors = [self.session.run(None, {"input_ids": np.array([one.ids], np.int64)})[0][0] for one in read]
            return list(zip(vectors, (len(one.ids) for one in read)))
        read = self.tokenizer.encode_batch(texts)
        inputs = {"input_ids": np.array([one.ids for one in read], np.int64), "attention_mask": np.array([one.attention_mask for one in read], np.int64)}
        return list(zip(self.session.run(None, inputs)[0], (sum(one.attention_mask) for one in read)))


class Server:
    def __init__(self, model):
        self.model = model
        self.waiting = asyncio.Queue()
        self.thread = ThreadPoolExecutor(1)

    async def work(self):
        loop = asyncio.get_running_loop()
        while True:
            taken = [await self.waiting.get()]
            while self.model.masked and len(taken) < BATCH and not self.waiting.empty():
                taken.append(self.waiting.get_nowait())
            done = await loop.run_in_executor(self.thread, self.model.embed, [text for text, _ in taken])
            for (_, reply), answer in zip(taken, done):
                if not reply.done():
                    reply.set_result(answer)

    async def embedded(self, texts):
        replies = [asyncio.get_running_loop().create_future() for _ in texts]
        for text, reply in zip(texts, replies):
            self.waiting.put_nowait((text, reply))
        return await asyncio.gather(*replies)

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").lower().split("\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
                asked = json.loads(await reader.readexactly(length))
                texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
                done = await self.embedded(texts)
                numbers = (lambda v: base64.b64encode(v.tobytes()).decode()) if asked.get("encoding_format") == "base64" else (lambda v: v.tolist())
                data = [{"object": "embedding", "index": n, "embedding": numbers(vector)} for n, (vector, _) in enumerate(done)]
                tokens = int(sum(count for _, count in done))
                body = json.dumps({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def main():
    path, vocabulary, cores = sys.argv[1], sys.argv[2], int(sys.argv[3])
    server = Server(Model(path, vocabulary, cores))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", flush=True)
    work = asyncio.create_task(server.work())
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    work.cancel()
    listening.close()


asyncio.run(main())
