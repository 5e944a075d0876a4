#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
#endif

/// The text of an error number, such as "Connection refused".
func errorText(_ number: Int) -> String {
    String(cString: cclient_error_text(number))
}

extension ClientError {
    /// `action`, such as "cannot read standard input", failed with the error number `number`.
    public init(_ action: String, failedWith number: Int) {
        self.init(.system(Int32(number)), action + ": " + errorText(number))
    }
}
