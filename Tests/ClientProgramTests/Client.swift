import TestSupport

/// Runs the forwarder.
func client(
    _ words: String..., input: ProgramInput = .bytes([]), closing: Set<Int32> = []
) throws -> ProgramResult {
    try run(builtProgram("fastdaemon_client"), words, input: input, closing: closing)
}

/// The bytes of a record.
func record(_ first: String, _ second: String = "") -> [UInt8] {
    record(Array(first.utf8), Array(second.utf8))
}

/// The bytes of a record.
func record(_ first: [UInt8], _ second: [UInt8] = []) -> [UInt8] {
    [first, second].flatMap { string in
        withUnsafeBytes(of: UInt32(string.count).bigEndian) { Array($0) } + string
    }
}

/// `count` bytes in which each 64 KiB differ from the next.
func manyBytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
        let block = [UInt8](
            repeating: UInt8(truncatingIfNeeded: bytes.count >> 16), count: min(1 << 16, count - bytes.count))
        bytes += block
    }
    return bytes
}
