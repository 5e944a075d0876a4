/// Takes the input for a config file.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ input: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    if let broken = brokenConfigurationInvariant(of: Array(UnsafeBufferPointer(start: input, count: count))) {
        fatalError(broken)
    }
    return 0
}
