#!/usr/bin/env python3
"""merge.py BASE.tar FOLDER OUT.tar: the base with the folder's files over it, the same bytes each time.

Entries are sorted by name, times are clamped to SOURCE_DATE_EPOCH, and what differs from run to run is left out. What the base
says of its packages (usr/share/wattle-packages) goes to standard output.
"""

import io
import os
import sys
import tarfile

EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
# Files of a folder that mmdebstrap or a package's set-up makes anew each time, or that nothing in a read-only system uses.
LEFT_OUT = (
    "dev/",
    "boot/",
    "usr/lib/modules/",
    "usr/lib/firmware/",
    "usr/share/wattle-packages",
    # Names of PC's devices for people, 22 MB, which udev would look through at each start.
    "usr/lib/udev/hwdb.d/",
    "usr/lib/udev/hwdb.bin",
    "var/cache/ldconfig/",
    "var/lib/systemd/catalog/",
    "var/lib/dpkg/info/",
)


def main(base, folder, out):
    entries = {}
    with tarfile.open(base) as tar:
        for member in tar:
            name = os.path.normpath(member.name)
            if name == "usr/share/wattle-packages":
                sys.stdout.write(tar.extractfile(member).read().decode())
            if name == "." or any((name + "/").startswith(part) and name + "/" != part or name == part for part in LEFT_OUT):
                continue
            # A file with two names is written out twice: which of them comes first differs.
            data = tar.extractfile(member).read() if member.isreg() or member.islnk() else None
            if member.islnk():
                member.type = tarfile.REGTYPE
            if data is not None:
                member.size = len(data)
            entries[name] = (member, data)
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(where, name)
            inner = os.path.relpath(path, folder)
            if os.path.isdir(path) and not os.path.islink(path) and inner in entries and entries[inner][0].isdir():
                continue
            member = tarfile.TarInfo(inner)
            status = os.lstat(path)
            data = None
            if os.path.islink(path):
                member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
                member.mode = 0o777
            elif os.path.isdir(path):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            else:
                with open(path, "rb") as file:
                    data = file.read()
                member.size, member.mode = len(data), 0o755 if status.st_mode & 0o100 else 0o644
            member.mtime = EPOCH
            entries[inner] = (member, data)
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(entries):
            member, data = entries[name]
            member.name = "./" + name
            member.mtime = min(int(member.mtime), EPOCH)
            member.uname = member.gname = ""
            # Only what a file system keeps: capabilities and other attributes.
            member.pax_headers = {key: value for key, value in member.pax_headers.items() if key.startswith("SCHILY.xattr.")}
            tar.addfile(member, io.BytesIO(data) if data is not None else None)


if __name__ == "__main__":
    main(*sys.argv[1:4])
