// What the standard library does not have yet: copying the bytes of a span in one go.

extension [UInt8] {
    /// Copies the bytes of a span.
    init(_ bytes: RawSpan) {
        self = bytes.withUnsafeBytes { [UInt8]($0) }
    }

    /// Appends the bytes of a span.
    mutating func append(contentsOf bytes: RawSpan) {
        bytes.withUnsafeBytes { append(contentsOf: $0) }
    }
}

extension OutputSpan<UInt8> {
    /// Appends the bytes of a span, for which there must be room.
    @inline(__always)
    mutating func append(contentsOf bytes: RawSpan) {
        precondition(bytes.byteCount <= freeCapacity)
        withUnsafeMutableBufferPointer { buffer, initializedCount in
            let free = UnsafeMutableRawBufferPointer(buffer.extracting(initializedCount...))
            bytes.withUnsafeBytes { free.copyMemory(from: $0) }
            initializedCount += bytes.byteCount
        }
    }
}
