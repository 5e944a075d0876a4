#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

/// The text of an error number, such as "Connection refused".
@inline(never)
func errorText(_ number: Int) -> ByteText {
    ByteText(cString: cclient_error_text(number))
}

extension ByteText {
    /// The text of a C string.
    @inline(never)
    public init(cString text: UnsafePointer<CChar>) {
        self.init([UInt8](UnsafeRawBufferPointer(start: text, count: cclient_length(text))))
    }
}

extension ClientError {
    /// `action`, such as "cannot read standard input", failed with the error number `number`.
    public init(_ action: ByteText, failedWith number: Int) {
        self.init(.system(Int32(number)), "\(action): \(errorText(number))")
    }
}
