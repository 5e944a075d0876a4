#!/usr/bin/env python3
"""A client of the session protocol, written from its page alone: SessionProtocol.md of FastDaemonProtocol. It shows that
this can be done, and the tests run it against the daemon. The names in quotation marks are the page's sections.

    session.py SOCKET COMMAND [ARGUMENT ...]

SOCKET is the path of a Unix socket, or a TCP port of this machine.
"""

import os
import select
import signal
import socket
import struct
import sys

# "Frames". The lengths are those that a server's frame of the type may have; (0, 65536) are those to be skipped.
HELLO, ARGUMENTS, ENVIRONMENT, DIRECTORY, TERMINALS, RUN = 0xFD, 0x01, 0x02, 0x03, 0x04, 0x06
INPUT, SIGNAL, CREDIT, OUTPUT, ERRORS, PULL, END = 0x07, 0x08, 0x09, 0x21, 0x22, 0x23, 0x24
LENGTHS = {HELLO: (12, 255), OUTPUT: (1, 65536), ERRORS: (1, 65536), PULL: (4, 4), END: (10, 65536)}
LENGTHS.update({kind: (0, 65536) for kind in range(0x80, 0xFD)})

WINDOW = 262_144
MOST_OWED = 1024
UNSUPPORTED = b"\x08"
PROTOCOL_ERROR = 76


class Fault(Exception):
    """What came is not the protocol, or ended early."""


def frame(kind, payload=b""):
    if len(payload) > 0xFFFFFF:
        sys.exit("session.py: the arguments or the environment are too long for a frame")
    return struct.pack(">I", kind << 24 | len(payload)) + payload


def die(number):
    """Ends by a signal, as a command that does not know of it would."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def terminal_size():
    """The columns and rows of the first of the three streams that is a terminal."""
    for stream in range(3):
        try:
            return tuple(os.get_terminal_size(stream))
        except OSError:
            pass
    return 0, 0


def is_harmless(name):
    """Whether a variable may go to another machine."""
    return name in (b"TERM", b"LANG", b"COLORTERM", b"NO_COLOR") or name.startswith(b"LC_")


def request(words, is_local):
    """"Hello" and "The request"."""
    frames = frame(HELLO, struct.pack(">BBHII", 1, 0, 0, 0, WINDOW))
    frames += frame(ARGUMENTS, b"".join(os.fsencode(word) + b"\0" for word in words))
    variables = [pair for pair in os.environb.items() if is_local or is_harmless(pair[0])]
    frames += frame(ENVIRONMENT, b"".join(b"%b=%b\0" % pair for pair in variables))
    if is_local:
        try:
            frames += frame(DIRECTORY, os.getcwdb())
        except FileNotFoundError:
            sys.exit("session.py: the working directory was removed")
    terminals = sum(1 << stream for stream in range(3) if os.isatty(stream))
    if terminals:
        frames += frame(TERMINALS, struct.pack(">BHH", terminals, *terminal_size()))
    return frames + frame(RUN)


class Session:
    def __init__(self, connection, frames):
        self.connection = connection
        self.unsent = bytearray(frames)
        self.received = bytearray()
        self.unwritten = []  # Pairs of a descriptor and bytes, in the order in which they came.
        self.major = None  # The server's, once its HELLO is there.
        self.end = None  # The payload of END, once that is there.
        self.owed = 0  # How many INPUTs the server has asked for.
        self.has_input_ended = False
        self.credit = WINDOW  # How many bytes of output the server may still send.
        self.written = 0  # What was written out since credit was given for it.
        self.forwarded = None  # The first signal that was to end this client.

    def run(self, signals):
        """Goes on until END was received and all output is written; the exit status."""
        while self.end is None or self.unwritten:
            ready = dict(self.wait(signals))
            if signals in ready:
                self.forward(os.read(signals, 64))
            if self.unwritten and self.unwritten[0][0] in ready:
                self.write()
            if 0 in ready:
                self.read_input()
            if self.connection.fileno() in ready:
                self.send()
                self.receive()
        text = self.end[10:].decode("utf-8", "replace")
        if text:
            print(f"session.py: {text}", file=sys.stderr)
        if self.forwarded and self.end[1] == 128 + self.forwarded:
            die(self.forwarded)  # So that the shell knows.
        return self.end[1]

    def wait(self, signals):
        poll = select.poll()
        poll.register(signals, select.POLLIN)
        if self.unwritten:
            poll.register(self.unwritten[0][0], select.POLLOUT)
        if self.end is None:
            poll.register(self.connection, select.POLLIN | (select.POLLOUT if self.unsent else 0))
            # No byte is read that the command does not want, nor before what was read is sent.
            if self.owed > 0 and not self.unsent:
                poll.register(0, select.POLLIN)
        return poll.poll()

    # "Input"

    def read_input(self):
        try:
            data = os.read(0, 65536)
        except OSError:  # A folder, say: there is no input to be had.
            data = b""
        self.has_input_ended = not data
        self.owed = self.owed - 1 if data else 0
        self.unsent += frame(INPUT, data)

    # "Output"

    def write(self):
        """Writes no more at once than a pipe that poll(2) says is ready takes without waiting."""
        stream, data = self.unwritten[0]
        try:
            count = os.write(stream, data[: select.PIPE_BUF])
        except BrokenPipeError:  # What ends any other command in a pipeline.
            die(signal.SIGPIPE)
        if count == len(data):
            del self.unwritten[0]
        else:
            self.unwritten[0] = stream, data[count:]
        self.written += count
        if self.written >= WINDOW // 2 and self.end is None:
            self.unsent += frame(CREDIT, struct.pack(">I", self.written))
            self.credit += self.written
            self.written = 0

    # "Signals"

    def forward(self, numbers):
        for number in numbers:
            size = terminal_size() if number == signal.SIGWINCH else (0, 0)
            if number != signal.SIGWINCH:
                if self.forwarded:  # The user has no patience left.
                    die(number)
                self.forwarded = number
            if self.end is None:
                self.unsent += frame(SIGNAL, struct.pack(">BHH", number, *size))

    # "Frames"

    def send(self):
        try:
            del self.unsent[: self.connection.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:  # The server has closed; what it said before is still to be received.
            self.unsent.clear()

    def receive(self):
        try:
            data = self.connection.recv(1 << 18)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        if not data:
            raise Fault("the connection was lost")
        self.received += data
        if self.major is None and self.received[0] <= 0x40:  # "Which protocol it is"
            raise Fault("the server does not know sessions")
        at = 0
        while self.end is None and len(self.received) - at >= 4:
            kind, length = self.received[at], int.from_bytes(self.received[at + 1 : at + 4], "big")
            least, most = LENGTHS.get(kind, (1, 0))
            if not least <= length <= most:
                raise Fault(f"the server sent a frame of type {kind:02x} with {length} bytes")
            if len(self.received) - at < 4 + length:
                break
            self.take(kind, bytes(self.received[at + 4 : at + 4 + length]))
            at += 4 + length
        del self.received[:at]

    def take(self, kind, payload):
        if (kind == HELLO) != (self.major is None):
            raise Fault("the server's first frame, and only that, has to be HELLO")
        if self.major not in (None, 1) and (kind, payload[:1]) != (END, UNSUPPORTED):
            raise Fault(f"the server speaks version {self.major}")
        if kind == HELLO:
            self.major = payload[0]
        elif kind == PULL and not self.has_input_ended:
            count = int.from_bytes(payload, "big")
            self.owed += count
            if count == 0 or self.owed > MOST_OWED:
                raise Fault("the server asked for no input, or for too much")
        elif kind in (OUTPUT, ERRORS):
            self.credit -= len(payload)
            if self.credit < 0:
                raise Fault("the server sent more than it had credit for")
            self.unwritten.append((1 if kind == OUTPUT else 2, memoryview(payload)))
        elif kind == END:
            self.end = payload


def main():
    # A stream that is closed becomes the empty device, so that the socket does not take its number.
    for stream in range(3):
        try:
            os.fstat(stream)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    address = sys.argv[1]
    if address.isdigit():
        connection = socket.create_connection(("127.0.0.1", int(address)))
    else:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address)
    connection.setblocking(False)
    signals, writing = os.pipe()
    os.set_blocking(writing, False)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGWINCH):
        if signal.getsignal(number) != signal.SIG_IGN:  # As nohup(1) leaves it.
            signal.signal(number, lambda *_: None)
    signal.set_wakeup_fd(writing)
    session = Session(connection, request(sys.argv[2:], connection.family == socket.AF_UNIX))
    try:
        return session.run(signals)
    except Fault as fault:
        print(f"session.py: {fault}", file=sys.stderr)
        return PROTOCOL_ERROR


if __name__ == "__main__":
    sys.exit(main())
