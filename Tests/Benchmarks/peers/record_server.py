#!/usr/bin/env python3
"""The Python peer of `make bench-peers`: `echo` over records by the standard library's socketserver, a thread a connection.

    record_server.py PATH|PORT
"""

import socketserver
import struct
import sys


class Handler(socketserver.StreamRequestHandler):
    def string(self):
        count = self.rfile.read(4)
        return self.rfile.read(struct.unpack(">I", count)[0]) if len(count) == 4 else None

    def handle(self):
        while (line := self.string()) is not None:
            words, text = line.decode().split(), self.string()
            if words[:1] == ["echo"]:
                output, errors = (" ".join(words[1:]) + "\n").encode() if words[1:] else text, b""
            else:
                output, errors = b"", b"there is no such command\n"
            self.wfile.write(struct.pack(">I", len(output)) + output + struct.pack(">I", len(errors)) + errors)


class Server:
    request_queue_size = 511
    daemon_threads = True
    allow_reuse_address = True


class UnixServer(Server, socketserver.ThreadingUnixStreamServer):
    pass


class InternetServer(Server, socketserver.ThreadingTCPServer):
    disable_nagle_algorithm = True


if __name__ == "__main__":
    address = sys.argv[1]
    server = InternetServer(("127.0.0.1", int(address)), Handler) if address.isdigit() else UnixServer(address, Handler)
    server.serve_forever()
