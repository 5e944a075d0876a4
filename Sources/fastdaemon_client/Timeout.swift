#if !hasFeature(Embedded)
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// The value of `--timeout`.
enum Timeout {
    /// What a session's TIMEOUT frame can carry, in whole seconds: about 49 days.
    private static let mostSeconds = Int(UInt32.max / 1_000)

    /// The milliseconds of a decimal number of seconds, such as `0.5`, rounded up: a time limit is never cut short.
    static func milliseconds(_ seconds: [UInt8]) throws(ClientError) -> UInt32 {
        var whole = 0
        var fraction = 0
        var isMore = false
        var digits = 0
        /// How many digits of milliseconds came; `nil` before the point.
        var places: Int?
        for byte in seconds {
            let digit = Int(byte) - Int(UInt8(ascii: "0"))
            if byte == UInt8(ascii: "."), places == nil {
                places = 0
                continue
            }
            guard 0...9 ~= digit else { throw isNoNumber(seconds) }
            digits += 1
            if let place = places {
                if place < 3 { fraction = fraction * 10 + digit } else if digit > 0 { isMore = true }
                places = min(place + 1, 3)
            } else if whole <= mostSeconds {
                whole = whole * 10 + digit
            }
        }
        if digits == 0 { throw isNoNumber(seconds) }
        if whole >= mostSeconds {
            throw .usage("--timeout takes less than \(mostSeconds) seconds; without it there is no limit")
        }
        for _ in (places ?? 0)..<3 { fraction *= 10 }
        let milliseconds = whole * 1_000 + fraction + (isMore ? 1 : 0)
        if milliseconds == 0 {
            throw .usage("--timeout takes more than 0 seconds; without it there is no limit")
        }
        return UInt32(milliseconds)
    }

    private static func isNoNumber(_ seconds: [UInt8]) -> ClientError {
        .usage("--timeout takes seconds such as 2 or 0.5, and \"\(seconds)\" is no such number")
    }
}
