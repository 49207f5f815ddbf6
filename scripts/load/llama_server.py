"""llama.cpp's own HTTP server, in the wheel of xllamacpp (PyPI). Prints its address, and serves until its standard input ends."""

import sys

import xllamacpp

path, cores, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
params = xllamacpp.CommonParams()
params.model.path = path
params.embedding = True
params.hostnames = ["127.0.0.1"]
params.port = 0
# Each client may have a text under way, and all that wait are one batch: how the server is meant to be used for embeddings.
params.n_parallel = clients
params.n_ctx = 256 * clients
params.n_batch = params.n_ubatch = 2048
params.n_threads_http = clients
params.cpuparams.n_threads = cores
params.cpuparams_batch.n_threads = cores
params.warmup = True
params.verbosity = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
