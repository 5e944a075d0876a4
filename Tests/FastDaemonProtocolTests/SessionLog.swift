import FastDaemonProtocol

/// What a decoder found, with the bytes themselves: ranges say nothing once pieces are joined.
struct SessionItem: Equatable {
    /// Its ranges are all empty.
    var event: SessionEvent
    var bytes: [UInt8]

    /// Without bytes where the event has none; of END, its text.
    init(_ event: SessionEvent, _ bytes: [UInt8] = []) {
        self.event = event
        self.bytes = bytes
    }

    /// Takes an event of a decoder out of the bytes that it was given.
    init(_ event: SessionEvent, in bytes: [UInt8]) {
        switch event {
        case .arguments(let range): self.init(.arguments(0..<0), Array(bytes[range]))
        case .environment(let range): self.init(.environment(0..<0), Array(bytes[range]))
        case .directory(let range): self.init(.directory(0..<0), Array(bytes[range]))
        case .input(let range): self.init(.input(0..<0), Array(bytes[range]))
        case .output(let range): self.init(.output(0..<0), Array(bytes[range]))
        case .errors(let range): self.init(.errors(0..<0), Array(bytes[range]))
        case .end(let end, let range): self.init(.end(end, text: 0..<0), Array(bytes[range]))
        default: self.init(event)
        }
    }

    var isData: Bool {
        switch event {
        case .input, .output, .errors: true
        default: false
        }
    }
}

/// What came of a stream: data joined to what stood before it, since pieces end where the stream was cut.
struct SessionLog: Equatable {
    var items: [SessionItem] = []
    var error: SessionError?

    mutating func append(_ item: SessionItem) {
        if item.isData, let last = items.last, last.event == item.event {
            items[items.count - 1].bytes += item.bytes
        } else {
            items.append(item)
        }
    }
}

/// A decoder and the buffer that its owner keeps. It also watches that the decoder keeps what it promises of `missing` and
/// of offsets.
struct SessionReader {
    var decoder: SessionDecoder
    private(set) var log = SessionLog()

    /// A promise that was not kept.
    private(set) var broken: String?

    private var buffer: [UInt8] = []
    private var byteCount = 0

    /// How many bytes there must be before a frame is whole again.
    private var due = 0

    init(from side: SessionSide, requestLimit: Int = 1 << 20, allowance: Int = 0) {
        decoder = SessionDecoder(from: side, requestLimit: requestLimit)
        decoder.allow(allowance)
    }

    /// Gives it the bytes that follow, and returns what they brought.
    @discardableResult
    mutating func append(_ bytes: some Sequence<UInt8>) -> [SessionItem] {
        guard log.error == nil else { return [] }
        buffer += bytes
        var items: [SessionItem] = []
        var offset = 0
        do throws(SessionError) {
            while let item = try next(at: &offset) {
                items.append(item)
                log.append(item)
            }
            // Where the rest begins is where the decoder goes on, and all that came before is counted.
            byteCount += offset
            due = byteCount + (buffer.count - offset) + decoder.missing
        } catch {
            log.error = error
        }
        buffer.removeFirst(offset)
        return items
    }

    private mutating func next(at offset: inout Int) throws(SessionError) -> SessionItem? {
        let before = offset
        let bytes = buffer
        let event = try decoder.next(in: bytes.span.bytes, at: &offset)
        if offset < before || offset > buffer.count { broken = "the offset moved from \(before) to \(offset)" }
        guard let event else {
            if decoder.hasEnded != (decoder.missing == 0) { broken = "\(decoder.missing) bytes are missing" }
            return nil
        }
        let item = SessionItem(event, in: buffer)
        if item.isData {
            if item.bytes.isEmpty { broken = "a piece of data has no bytes" }
        } else if byteCount + buffer.count < due {
            broken = "a frame was whole earlier than it was due"
        }
        due = 0
        return item
    }
}

extension SessionLog {
    /// What a decoder makes of pieces that come one after the other, and a promise that it did not keep.
    static func reading(
        _ pieces: some Sequence<ArraySlice<UInt8>>, by reader: SessionReader
    ) -> (log: SessionLog, broken: String?) {
        var reader = reader
        for piece in pieces { reader.append(piece) }
        return (reader.log, reader.broken)
    }
}
