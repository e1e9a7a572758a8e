"""Text chunks of a PNG file, read without its pixels.

An image library shows chunks behind the pixels only once it has decoded them, and some cards have no pixels at all.
"""

from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FRAME = 12
"""Bytes of a chunk besides its content: length, kind, check sum."""


def text_chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield keyword (small letters) and content of each tEXt chunk, wherever it stands; none behind a torn chunk.

    The check sum is not compared: real cards were edited by tools that left it as it was.
    """
    place = len(SIGNATURE)
    while place + _FRAME <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind, end = data[place + 4 : place + 8], place + _FRAME + length
        if end > len(data) or kind == b"IEND":
            return
        if kind == b"tEXt":
            keyword, _, content = data[place + 8 : end - 4].partition(b"\0")
            yield keyword.decode("latin-1").lower(), content
        place = end
