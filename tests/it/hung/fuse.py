"""A file system of 20 notes that stops answering while the file MODE holds "hang": python3 fuse.py MOUNT_POINT MODE.

It speaks the kernel's FUSE protocol (linux/fuse.h) over /dev/fuse itself, so that no library is needed.
"""

import ctypes
import os
import select
import struct
import sys

INIT, LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS, RELEASE = 26, 1, 2, 3, 14, 15, 17, 18
FLUSH, OPENDIR, READDIR, RELEASEDIR, INTERRUPT, BATCH_FORGET = 25, 27, 28, 29, 36, 42
NOT_ANSWERED = (FORGET, INTERRUPT, BATCH_FORGET)

mount_point, mode_file = sys.argv[1:]
device = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = f"fd={device},rootmode=40755,user_id={os.getuid()},group_id={os.getgid()},allow_other"
if libc.mount(b"notes", mount_point.encode(), b"fuse", 0, options.encode()):
    sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
print("mounted", flush=True)

files = {i + 2: (b"note%d.md" % i, b"Note %d: the indigo otter paints fence %d.\n" % (i, i)) for i in range(20)}
numbers = {name: number for number, (name, _) in files.items()}
TIME = 1_700_000_000


def hangs():
    try:
        with open(mode_file) as mode:
            return mode.read().strip() == "hang"
    except FileNotFoundError:
        return False


def attributes(number):
    size, mode = (4096, 0o40755) if number == 1 else (len(files[number][1]), 0o100644)
    return struct.pack("<QQQQQQIIIIIIIIII", number, size, 8, TIME, TIME, TIME, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def reply(request, data=b"", error=0):
    try:
        os.write(device, struct.pack("<IiQ", 16 + len(data), -error, request) + data)
    except OSError:
        pass  # The caller was interrupted.


def entries(offset, size):
    out = b""
    listed = [(1, b".", 4), (1, b"..", 4)] + [(number, name, 8) for number, (name, _) in files.items()]
    for at, (number, name, kind) in enumerate(listed):
        entry = struct.pack("<QQII", number, at + 1, len(name), kind) + name
        entry += b"\0" * (-len(entry) % 8)
        if at >= offset:
            if len(out) + len(entry) > size:
                break
            out += entry
    return out


def answer(operation, request, node, body):
    if operation == INIT:
        reply(request, struct.pack("<IIIIHHIIHHI7I", 7, 19, 65536, 0, 12, 10, 65536, 1, 0, 0, 0, *[0] * 7)[:64])
    elif operation == LOOKUP:
        number = numbers.get(body.rstrip(b"\0"))
        if number is None:
            reply(request, error=2)
        else:
            reply(request, struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + attributes(number))
    elif operation == GETATTR:
        reply(request, struct.pack("<QII", 0, 0, 0) + attributes(node))
    elif operation in (OPEN, OPENDIR):
        reply(request, struct.pack("<QII", node, 1 if operation == OPEN else 0, 0))
    elif operation == READDIR:
        _, offset, size = struct.unpack("<QQI", body[:20])
        reply(request, entries(offset, size))
    elif operation == READ:
        _, offset, size = struct.unpack("<QQI", body[:20])
        reply(request, files[node][1][offset:offset + size])
    elif operation == STATFS:
        reply(request, struct.pack("<QQQQQIIII6I", 1000, 1000, 1000, 1000, 1000, 4096, 255, 4096, 0, *[0] * 6))
    elif operation in (RELEASE, FLUSH, RELEASEDIR):
        reply(request)
    else:
        reply(request, error=38)


waiting = []
os.set_blocking(device, False)

parent = os.getppid()
while os.getppid() == parent:
    ready = select.select([device], [], [], 0.1)[0]
    if not hangs():
        for held in waiting:
            answer(*held)
        waiting.clear()
    if not ready:
        continue
    try:
        message = os.read(device, 1 << 18)
    except BlockingIOError:
        continue
    except OSError:
        break  # It was unmounted.
    _, operation, request, node = struct.unpack("<IIQQ", message[:24])
    if operation in NOT_ANSWERED:
        continue
    if hangs() and operation != INIT:
        waiting.append((operation, request, node, message[40:]))
    else:
        answer(operation, request, node, message[40:])
