import FastDaemonProtocol

/// The bytes of records, one after the other.
func encode(_ records: Record...) throws -> [UInt8] {
    try encode(records)
}

func encode(_ records: [Record]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for record in records { try RecordEncoder.append(record, to: &bytes) }
    return bytes
}

/// A header that declares `count` bytes.
func header(_ count: UInt32) -> [UInt8] {
    let bytes = RecordHeader.bytes(for: count)
    return bytes.indices.map { bytes[$0] }
}

func readHeader(in bytes: [UInt8], at offset: Int) -> Int {
    RecordHeader.count(in: bytes.span.bytes, at: offset)
}

func scan(_ bytes: [UInt8], limit: Int) throws(RecordError) -> RecordScan {
    try RecordScanner.scan(bytes.span.bytes, limit: limit)
}

func scanDatagram(_ bytes: [UInt8], limit: Int) throws(RecordError) -> RecordBounds {
    try RecordScanner.scanDatagram(bytes.span.bytes, limit: limit)
}

/// What a decoder made of a whole stream: the records, and the error that stopped it, if any.
struct Decoded: Equatable {
    var records: [Record] = []
    var error: RecordError?

    init(records: [Record]) {
        self.records = records
    }

    /// Feeds `pieces` to a decoder, taking each record as soon as it is there, and then ends the stream.
    init(_ pieces: some Sequence<ArraySlice<UInt8>>, limit: Int) {
        var decoder = RecordDecoder(limit: limit)
        do throws(RecordError) {
            for piece in pieces {
                decoder.append(Array(piece))
                while let record = try decoder.next() { records.append(record) }
            }
            try decoder.finish()
        } catch {
            self.error = error
        }
    }

    init(_ bytes: [UInt8], limit: Int = 1 << 20) {
        self.init(CollectionOfOne(bytes[...]), limit: limit)
    }
}

/// The words that a command line splits into.
func split(_ line: [UInt8]) throws(CommandLineError) -> [[UInt8]] {
    var words = Words()
    try words.split(line.span.bytes)
    return words.arrays
}

func split(_ line: String) throws(CommandLineError) -> [String] {
    try split(Array(line.utf8)).map { String(decoding: $0, as: UTF8.self) }
}

extension Words {
    /// Each word as an array of its own.
    var arrays: [[UInt8]] {
        (0..<count).map { Array(bytes[self[$0]]) }
    }
}
