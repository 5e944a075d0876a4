import FastDaemonProtocol

// What holds for anything that a side of a session may send. The generated tests and the fuzzers share it.

/// Checks that every split of `bytes` gives what the plain reference makes of them, that no more data comes than is allowed,
/// and that the decoder keeps what it promises of offsets and missing bytes. Gives what was broken, or nil.
func brokenSessionInvariant(
    of bytes: [UInt8], from side: SessionSide, requestLimit: Int, allowance: Int, pieceSizes: [Int]
) -> String? {
    let reader = SessionReader(from: side, requestLimit: requestLimit, allowance: allowance)
    let book = SessionLog.byTheBook(bytes, from: side, requestLimit: requestLimit, allowance: allowance)
    for size in [max(bytes.count, 1)] + pieceSizes {
        let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0...].prefix(size) }
        let (log, broken) = SessionLog.reading(pieces, by: reader)
        if let broken { return "\(broken), in pieces of \(size) bytes" }
        if log != book { return "pieces of \(size) bytes give \(log) and not \(book)" }
    }
    let output = book.items.filter(\.isData).map(\.bytes.count).reduce(0, +)
    let most = side == .server ? allowance : allowance.multipliedReportingOverflow(by: 65_536).partialValue
    if output > most { return "more data came than was allowed" }
    return nil
}

/// The same of a fuzzer's input, whose last byte, which is not sent, chooses the limits and the pieces.
func brokenSessionInvariant(chosenBy input: UnsafeBufferPointer<UInt8>, from side: SessionSide) -> String? {
    var bytes = Array(input)
    let choice = Int(bytes.popLast() ?? 0)
    return brokenSessionInvariant(
        of: bytes, from: side, requestLimit: choice & 4 == 4 ? 1 << 20 : choice,
        allowance: [0, 1, choice, 1 << 20][choice & 3], pieceSizes: [1, 2 + choice % 7, 10 + choice])
}
