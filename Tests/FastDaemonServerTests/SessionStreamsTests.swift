import CFastDaemonPlugin
import FastDaemonProtocol
import TestSupport
import Testing

@testable import FastDaemonServer

@Suite("The streams of a session") struct SessionStreamsTests {
    private let budget = ByteBudget(limit: 1 << 24)

    private func streams(window: UInt32 = 1 << 20) -> SessionStreams {
        SessionStreams(budget: budget, window: window)
    }

    /// What a client would find in the frames that are handed over: the types and payloads.
    private func sent(by streams: inout SessionStreams) throws -> [Frame] {
        var buffer = ByteBuffer(budget: budget)
        streams.takeFrames(&buffer)
        var frames: [Frame] = []
        var bytes = Array(buffer.bytes)[...]
        while !bytes.isEmpty {
            let header = Array(bytes.prefix(4))
            let count = header[1...].reduce(0) { $0 << 8 | Int($1) }
            try #require(bytes.count >= 4 + count)
            frames.append(
                Frame(
                    type: try #require(SessionFrameType(rawValue: header[0])),
                    payload: Array(bytes.dropFirst(4).prefix(count))))
            bytes = bytes.dropFirst(4 + count)
        }
        return frames
    }

    private struct Frame: Equatable {
        var type: SessionFrameType
        var payload: [UInt8]
    }

    private func write(_ bytes: [UInt8], _ type: SessionFrameType, to streams: inout SessionStreams) -> Int {
        bytes.withUnsafeBytes { streams.write($0, as: type, by: 1, toTheEnd: false) } ?? -1
    }

    private func writeAll(_ bytes: [UInt8], to streams: inout SessionStreams, limit: Int) -> Bool {
        bytes.withUnsafeBytes { streams.writeAll($0, as: .output, limit: limit) }
    }

    private func receive(_ bytes: [UInt8], in streams: inout SessionStreams) {
        bytes.withUnsafeBytes { streams.receive($0, begun: 1) }
    }

    private func read(_ streams: inout SessionStreams) -> (bytes: [UInt8]?, pulls: Int) {
        let (reading, pulls) = streams.read()
        switch reading {
        case .piece(let piece): return (Array(UnsafeRawBufferPointer(start: piece.data, count: piece.count)), pulls)
        case .end: return ([], pulls)
        case .nothing: return (nil, pulls)
        }
    }

    // MARK: - Output

    @Test("Writes to one stream share a frame until it is handed over; another stream begins its own, in order")
    func joining() throws {
        var streams = streams()
        for (text, type) in [("a", SessionFrameType.output), ("b", .output), ("c", .errors), ("d", .output)] {
            #expect(write(Array(text.utf8), type, to: &streams) == 1)
        }
        #expect(
            try sent(by: &streams) == [
                Frame(type: .output, payload: Array("ab".utf8)), Frame(type: .errors, payload: Array("c".utf8)),
                Frame(type: .output, payload: Array("d".utf8)),
            ])
        #expect(write([1], .output, to: &streams) == 1)
        #expect(try sent(by: &streams) == [Frame(type: .output, payload: [1])])
    }

    @Test("No frame has more than 65,536 bytes", arguments: [65_535, 65_536, 65_537, 200_000])
    func frameSize(count: Int) throws {
        var streams = streams()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        #expect(write([bytes[0]], .output, to: &streams) == 1)
        #expect(write(Array(bytes.dropFirst()), .output, to: &streams) == count - 1)
        let frames = try sent(by: &streams)
        #expect(frames.allSatisfy { $0.payload.count <= 65_536 })
        #expect(frames.flatMap(\.payload) == bytes)
        #expect(frames.count == (count + 65_535) / 65_536)
    }

    @Test("A write takes what there is credit for, and no more until there is more")
    func credit() throws {
        var streams = streams(window: 3)
        #expect(write([1, 2, 3, 4], .output, to: &streams) == 3)
        #expect(!streams.hasRoom)
        #expect(write([4], .output, to: &streams) == 0)
        try streams.add(credit: 1)
        #expect(streams.hasRoom)
        #expect(write([4, 5], .output, to: &streams) == 1)
        #expect(try sent(by: &streams) == [Frame(type: .output, payload: [1, 2, 3, 4])])
        #expect(streams.bytesOut == 4)
    }

    @Test("However much credit there is, what is kept for a client that does not read is bounded")
    func room() throws {
        var streams = streams(window: 0x7FFF_FFFF)
        let megabyte = [UInt8](repeating: 7, count: 1 << 20)
        let taken = write(megabyte, .output, to: &streams)
        #expect(taken == 256 * 1024)
        #expect(write([1], .output, to: &streams) == 0)
        #expect(try sent(by: &streams).reduce(0) { $0 + $1.payload.count } == taken)
        #expect(write([1], .output, to: &streams) == 1)
    }

    @Test("Who may not wait has everything taken, up to a limit; it goes out as credit comes, in order")
    func backlog() throws {
        var streams = streams(window: 2)
        #expect(writeAll([1, 2, 3, 4], to: &streams, limit: 4))
        #expect(writeAll([5, 6], to: &streams, limit: 4))
        #expect(!writeAll([7], to: &streams, limit: 4))
        #expect(!streams.isDrained)
        #expect(write([8], .output, to: &streams) == 0)
        #expect(try sent(by: &streams).flatMap(\.payload) == [1, 2])
        try streams.add(credit: 3)
        #expect(try sent(by: &streams).flatMap(\.payload) == [3, 4, 5])
        try streams.add(credit: 10)
        #expect(try sent(by: &streams).flatMap(\.payload) == [6])
        #expect(streams.isDrained)
        #expect(streams.bytesOut == 6)
    }

    @Test("A write that waits for room goes on before another thread's begins")
    func writers() throws {
        var streams = streams(window: 3)
        func write(_ bytes: [UInt8], by writer: Int32) -> Int? {
            bytes.withUnsafeBytes { streams.write($0, as: .output, by: writer, toTheEnd: true) }
        }
        #expect(write([1, 1, 1, 1], by: 1) == 3)
        #expect(write([2, 2], by: 2) == 0)
        try streams.add(credit: 9)
        #expect(!streams.hasRoom)
        #expect(write([2, 2], by: 2) == 0)
        #expect(write([1], by: 1) == 1)
        #expect(write([2, 2], by: 2) == 2)
        #expect(try sent(by: &streams).flatMap(\.payload) == [1, 1, 1, 1, 2, 2])
    }

    // MARK: - Input

    @Test(
        "Nothing is asked for before the first read, and then one INPUT; a second read asks for no more while that is owed"
    )
    func pull() {
        var streams = streams()
        #expect(!streams.hasInput)
        #expect(read(&streams) == (nil, 1))
        #expect(read(&streams) == (nil, 0))
        receive([1, 2], in: &streams)
        #expect(streams.hasInput)
        #expect(read(&streams) == ([1, 2], 0))
        #expect(read(&streams) == (nil, 1))
    }

    @Test("A command that reads on and on is sent input ahead, but a bounded number of INPUTs")
    func streaming() {
        var streams = streams()
        #expect(read(&streams).pulls == 1)
        receive([UInt8](repeating: 1, count: 65_536), in: &streams)
        #expect(read(&streams).pulls == 4)
        #expect(read(&streams) == (nil, 0))
        receive([2], in: &streams)
        #expect(read(&streams) == ([2], 1))
    }

    @Test("The end comes after what was sent before it, stays, and asks for nothing")
    func endOfInput() {
        var streams = streams()
        _ = read(&streams)
        receive([9], in: &streams)
        streams.endInput()
        #expect(read(&streams) == ([9], 0))
        #expect(read(&streams) == ([], 0))
        #expect(read(&streams) == ([], 0))
    }

    @Test("A client that is gone leaves nothing to send, and nothing to read")
    func close() throws {
        var streams = streams()
        #expect(write([1], .output, to: &streams) == 1)
        receive([2], in: &streams)
        streams.close()
        #expect(streams.isClosed)
        #expect(try sent(by: &streams).isEmpty)
        #expect(!streams.hasInput)
    }
}

private func == (left: (bytes: [UInt8]?, pulls: Int), right: ([UInt8]?, Int)) -> Bool {
    left.bytes == right.0 && left.pulls == right.1
}
