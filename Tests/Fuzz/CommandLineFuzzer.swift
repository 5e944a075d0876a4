import FastDaemonProtocol

/// Takes the input for a command line.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    if let broken = brokenCommandLineInvariant(of: Array(UnsafeBufferPointer(start: input, count: count))) {
        fatalError(broken)
    }
    return 0
}
