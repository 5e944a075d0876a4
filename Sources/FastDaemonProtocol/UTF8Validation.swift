/// Tells UTF-8 from bytes that are not, as strictly as the Unicode Standard: no overlong forms, no surrogates, nothing
/// above U+10FFFF, no sequence cut short.
public enum UTF8Validation {
    /// Where the first ill-formed sequence of `bytes` begins; `nil` where all of them are UTF-8.
    public static func firstInvalidOffset(in bytes: RawSpan) -> Int? {
        // Most texts are ASCII, or begin so, and that is told much faster.
        let start = bytes.endOfASCII
        if start == bytes.byteCount { return nil }
        return firstInvalidOffset(in: bytes, from: start)
    }

    /// Not inlined, so that what it needs of the run-time is asked for only where there is something else than ASCII.
    @inline(never)
    private static func firstInvalidOffset(in bytes: RawSpan, from start: Int) -> Int? {
        bytes.extracting(start..<bytes.byteCount).withUnsafeBytes { buffer in
            buffer.withMemoryRebound(to: UInt8.self) { bytes in
                do throws(UTF8.ValidationError) {
                    _ = try UTF8Span(validating: bytes.span)
                    return nil
                } catch {
                    return start + error.byteOffsets.lowerBound
                }
            }
        }
    }
}
