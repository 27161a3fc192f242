# A board with a WebREPL, on MicroPython's unix port: micropython webrepl_board.py PORT PASSWORD.
# WebSocket, password and what is printed go through MicroPython's own modwebsocket.c, modwebrepl.c and os_dupterm.c,
# put together as webrepl.py of micropython-lib does it. The raw REPL is this file's: the unix port has none.
import io
import os
import socket
import sys
from binascii import b2a_base64

import _webrepl
from websocket import websocket

BANNER = b"raw REPL; CTRL-B to exit\r\n>"


def sha1(data):
    """RFC 3174; without a TLS library the port has SHA-256 only."""
    length = len(data)
    data += b"\x80" + bytes((55 - length) % 64) + (8 * length).to_bytes(8, "big")
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0]
    for block in range(0, len(data), 64):
        words = [int.from_bytes(data[at : at + 4], "big") for at in range(block, block + 64, 4)]
        for i in range(16, 80):
            words.append(rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1))
        a, b, c, d, e = state
        for i, word in enumerate(words):
            mixed, constant = (
                ((b & c) | (~b & d), 0x5A827999),
                (b ^ c ^ d, 0x6ED9EBA1),
                ((b & c) | (b & d) | (c & d), 0x8F1BBCDC),
                (b ^ c ^ d, 0xCA62C1D6),
            )[i // 20]
            a, b, c, d, e = (rotate(a, 5) + mixed + e + word + constant) & 0xFFFFFFFF, a, rotate(b, 30), c, d
        state = [(old + new) & 0xFFFFFFFF for old, new in zip(state, (a, b, c, d, e))]  # noqa: B905
    return b"".join([word.to_bytes(4, "big") for word in state])


def rotate(word, count):
    return (word << count | word >> 32 - count) & 0xFFFFFFFF


def shake_hands(client):
    """RFC 6455, 1.3."""
    key = b""
    while True:
        line = client.readline()
        if line in (b"", b"\r\n"):
            break
        name, _, value = line.partition(b":")
        if name.lower() == b"sec-websocket-key":
            key = value.strip()
    accept = b2a_base64(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11")).strip()
    client.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def run(code, names, terminal):
    """Answer to code: what it prints, and its error."""
    terminal.write(b"OK")
    error = io.StringIO()
    os.dupterm(terminal)
    try:
        exec(code, names)
    except Exception as caught:
        sys.print_exception(caught, error)
    os.dupterm(None)
    terminal.write(b"\x04" + error.getvalue().encode() + b"\x04>")


def serve(terminal, names):
    code = b""
    while True:
        byte = terminal.read(1)
        if byte is None:  # a part of a frame
            continue
        if byte == b"":
            return
        if byte == b"\x01":
            code = b""
            terminal.write(BANNER)
        elif byte == b"\x05":  # raw-paste mode, in three bytes: not here
            terminal.read(1)
            terminal.read(1)
            terminal.write(b"R\x00")
        elif byte == b"\x04":
            run(code, names, terminal)
            code = b""
        elif byte in b"\x02\x03":
            code = b""
        else:
            code += byte


server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(socket.getaddrinfo("127.0.0.1", int(sys.argv[1]))[0][-1])
server.listen(1)
print("listening")
_webrepl.password(sys.argv[2])
names = {}  # stay for the next client, as on a board
while True:
    client, _ = server.accept()
    shake_hands(client)
    terminal = _webrepl._webrepl(websocket(client, True))
    try:  # noqa: SIM105  there is no contextlib
        serve(terminal, names)
    except OSError:  # the client is gone
        pass
    client.close()
