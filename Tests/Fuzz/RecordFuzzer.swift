import FastDaemonProtocol

/// Takes the input for the bytes of a stream. Its last byte also chooses the limit and the pieces.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: input, count: count))
    let choice = Int(bytes.last ?? 0)
    let limit = choice % 2 == 0 ? 1 << 20 : choice
    if let broken = brokenRecordInvariant(of: bytes, limit: limit, pieceSizes: [1, 2 + choice % 7, 10 + choice]) {
        fatalError(broken)
    }
    return 0
}
