import FastDaemonProtocol

/// Takes the input for what a server sends. Its last byte, which is not sent, chooses the limits and the pieces.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var bytes = Array(UnsafeBufferPointer(start: input, count: count))
    let choice = Int(bytes.popLast() ?? 0)
    let broken = brokenSessionInvariant(
        of: bytes, from: .server, requestLimit: choice & 4 == 4 ? 1 << 20 : choice,
        allowance: [0, 1, choice, 1 << 20][choice & 3], pieceSizes: [1, 2 + choice % 7, 10 + choice])
    if let broken { fatalError(broken) }
    return 0
}
