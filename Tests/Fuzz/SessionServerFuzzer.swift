import FastDaemonProtocol

/// Takes the input for what a server sends. Its last byte, which is not sent, chooses the limits and the pieces.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let broken = brokenSessionInvariant(chosenBy: UnsafeBufferPointer(start: input, count: count), from: .server)
    if let broken { fatalError(broken) }
    return 0
}
