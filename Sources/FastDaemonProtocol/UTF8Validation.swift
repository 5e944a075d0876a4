/// Tells UTF-8 from bytes that are not, as strictly as the Unicode Standard: no overlong forms, no surrogates, nothing
/// above U+10FFFF, no sequence cut short.
public enum UTF8Validation {
    /// Where the first ill-formed sequence of `bytes` begins; `nil` where all of them are UTF-8.
    public static func firstInvalidOffset(in bytes: RawSpan) -> Int? {
        bytes.withUnsafeBytes { buffer in
            buffer.withMemoryRebound(to: UInt8.self) { bytes in
                do throws(UTF8.ValidationError) {
                    _ = try UTF8Span(validating: bytes.span)
                    return nil
                } catch {
                    return error.byteOffsets.lowerBound
                }
            }
        }
    }
}
