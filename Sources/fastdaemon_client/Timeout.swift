#if !hasFeature(Embedded)
    import FastDaemonClient
#endif

/// The value of `--timeout`.
enum Timeout {
    /// What a session's TIMEOUT frame can carry, in whole seconds: about 49 days.
    private static let mostSeconds = Int(UInt32.max / 1_000)

    /// The milliseconds of a decimal number of seconds, such as `0.5`, rounded up: a time limit is never cut short.
    static func milliseconds(_ seconds: [UInt8]) throws(ClientError) -> UInt32 {
        let point = seconds.firstIndex(of: UInt8(ascii: ".")) ?? seconds.endIndex
        let whole = seconds[..<point]
        let fraction = seconds[point...].dropFirst()
        guard !(whole.isEmpty && fraction.isEmpty), whole.allSatisfy(isDigit), fraction.allSatisfy(isDigit) else {
            throw .usage("--timeout takes seconds such as 2 or 0.5, and \"" + text(seconds) + "\" is no such number")
        }
        var milliseconds = 0
        for digit in whole where milliseconds <= mostSeconds {
            milliseconds = milliseconds * 10 + value(digit)
        }
        if milliseconds >= mostSeconds {
            throw .usage("--timeout takes less than \(mostSeconds) seconds; without it there is no limit")
        }
        for place in 0..<3 {
            milliseconds =
                milliseconds * 10 + (place < fraction.count ? value(fraction[fraction.startIndex + place]) : 0)
        }
        if fraction.dropFirst(3).contains(where: { $0 != UInt8(ascii: "0") }) {
            milliseconds += 1
        }
        if milliseconds == 0 {
            throw .usage("--timeout takes more than 0 seconds; without it there is no limit")
        }
        return UInt32(milliseconds)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func value(_ digit: UInt8) -> Int {
        Int(digit - UInt8(ascii: "0"))
    }
}
