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
