#!/usr/bin/env python3
"""Draws src/http/page/touch-icon.png from src/http/page/icon-whole.svg: iPhones put no SVG on their home screens.

    scripts/make_touch_icon.py            writes the file
    scripts/make_touch_icon.py --check    fails unless the file shows what the SVG does

Python's standard library alone. It reads what that SVG has: a rectangle that fills it, and paths of M, v, c and s, stroked with round
ends. The file has a palette of few colours, no transparency (an iPhone shows that black) and no filters, so that it stays small.
"""

import re
import struct
import sys
import xml.etree.ElementTree as tree
import zlib
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "src/http/page"
SIZE = 180
# Levels of how much of a pixel a stroke covers.
LEVELS = 6
STEPS = 16


def colour(text):
    digits = text.lstrip("#")
    digits = "".join(2 * one for one in digits) if len(digits) == 3 else digits
    return tuple(bytes.fromhex(digits))


def lines(path):
    """The strokes of a path, each a list of points."""
    parts = re.findall(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)", path)
    strokes, at, control, command, index = [], (0.0, 0.0), None, "", 0
    while index < len(parts):
        if parts[index].isalpha():
            command, index = parts[index], index + 1
        count = {"M": 2, "v": 1, "c": 6, "s": 4}[command]
        numbers, index = [float(one) for one in parts[index : index + count]], index + count
        if command == "M":
            at, control = (numbers[0], numbers[1]), None
            strokes.append([at])
        elif command == "v":
            at, control = (at[0], at[1] + numbers[0]), None
            strokes[-1].append(at)
        else:
            if command == "s":
                first = (2 * at[0] - control[0], 2 * at[1] - control[1]) if control else at
            else:
                first, numbers = (at[0] + numbers[0], at[1] + numbers[1]), numbers[2:]
            second, end = (at[0] + numbers[0], at[1] + numbers[1]), (at[0] + numbers[2], at[1] + numbers[3])
            for step in range(1, STEPS + 1):
                t, u = step / STEPS, 1 - step / STEPS
                weights = (u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t)
                points = (at, first, second, end)
                strokes[-1].append(tuple(sum(w * p[axis] for w, p in zip(weights, points)) for axis in (0, 1)))
            at, control = end, second
    return strokes


def distance(x, y, strokes):
    """From a point to the nearest stroke."""
    least = 1e9
    for stroke in strokes:
        for (ax, ay), (bx, by) in zip(stroke, stroke[1:]):
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            t = min(1, max(0, ((x - ax) * dx + (y - ay) * dy) / length)) if length else 0
            least = min(least, (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2)
    return least**0.5


def drawn():
    """The rows of the picture, of colours."""
    svg = tree.parse(PAGE / "icon-whole.svg").getroot()
    name = lambda node: node.tag.rsplit("}", 1)[-1]
    left, top, width, _ = (float(one) for one in svg.get("viewBox").split())
    ground = next(colour(node.get("fill")) for node in svg.iter() if name(node) == "rect")
    group = next(node for node in svg.iter() if name(node) == "g")
    half, scale = float(group.get("stroke-width")) / 2, SIZE / width
    paths = [(colour(node.get("stroke")), lines(node.get("d"))) for node in group]
    rows = []
    for row in range(SIZE):
        pixels = []
        for column in range(SIZE):
            x, y, shown = left + (column + 0.5) / scale, top + (row + 0.5) / scale, ground
            for stroke, strokes in paths:
                covered = min(1, max(0, (half - distance(x, y, strokes)) * scale + 0.5))
                share = round(covered * LEVELS) / LEVELS
                shown = tuple(round(under + (over - under) * share) for under, over in zip(shown, stroke))
            pixels.append(shown)
        rows.append(pixels)
    return rows


def encoded(rows):
    palette = sorted({pixel for row in rows for pixel in row})
    number = {pixel: index for index, pixel in enumerate(palette)}
    data = b"".join(b"\0" + bytes(number[pixel] for pixel in row) for row in rows)
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 3, 0, 0, 0)
    colours = b"".join(map(bytes, palette))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"PLTE", colours) + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def shown(png):
    """The rows of a picture that this script made."""
    at, parts = 8, {}
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        parts[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += 12 + length
    colours, data = parts[b"PLTE"], zlib.decompress(parts[b"IDAT"])
    row = lambda number: data[number * (SIZE + 1) + 1 : (number + 1) * (SIZE + 1)]
    return [[tuple(colours[3 * one : 3 * one + 3]) for one in row(number)] for number in range(SIZE)]


def main():
    file, rows = PAGE / "touch-icon.png", drawn()
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if shown(file.read_bytes()) == rows else f"{file} does not show what the SVG does: run {sys.argv[0]}")
    file.write_bytes(encoded(rows))
    print(f"{file}: {file.stat().st_size} bytes")


main()
