#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

// What a command is told of this process.

extension ByteStrings {
    /// The environment of this process.
    ///
    /// - Parameter isWanted: Gets the name of a variable; those that it does not want are left out.
    public static func environment(where isWanted: ((UnsafeRawBufferPointer) -> Bool)? = nil) -> ByteStrings {
        var strings = ByteStrings()
        guard let environment = cclient_environment() else { return strings }
        var count = 0
        forEachVariable(environment) { (variable, _) in count += variable.count + 1 }
        strings.reserveCapacity(count)
        forEachVariable(environment) { (variable, nameCount) in
            if isWanted?(UnsafeRawBufferPointer(rebasing: variable[..<nameCount])) ?? true {
                strings.append(variable)
            }
        }
        return strings
    }

    /// What has no name or no equals sign is no variable.
    private static func forEachVariable(
        _ environment: UnsafePointer<UnsafePointer<CChar>?>, _ body: (UnsafeRawBufferPointer, Int) -> Void
    ) {
        var next = environment
        while let text = next.pointee {
            let variable = UnsafeRawBufferPointer(start: text, count: cclient_length(text))
            if let nameCount = variable.firstIndex(of: UInt8(ascii: "=")), nameCount > 0 {
                body(variable, nameCount)
            }
            next += 1
        }
    }
}

extension SessionRequest {
    /// The working directory of this process.
    ///
    /// One that was removed has " (deleted)" behind its path: a command that does not look at files runs all the same, and
    /// others are refused.
    ///
    /// - Throws: `ClientError.Code.system` where it cannot be told.
    public static func callersDirectory() throws(ClientError) -> [UInt8] {
        var result = 0
        let capacity = SessionFrame.longestDirectory + 1
        let path = [UInt8](unsafeUninitializedCapacity: capacity) { memory, count in
            result = memory.withMemoryRebound(to: CChar.self) {
                cclient_working_directory($0.baseAddress!, $0.count)
            }
            count = max(result, 0)
        }
        if result < 0 {
            let error = ClientError("cannot tell the working directory", failedWith: -result)
            throw ClientError(error.code, "\(error.text); change to one that exists")
        }
        return path
    }

    /// Which of this process's standard streams are terminals; `nil` where none is. The size is that of the first.
    public static func callersTerminals() -> SessionTerminals? {
        var terminals: SessionTerminals?
        for stream in 0...2 {
            var size = cclient_terminal_size()
            if cclient_is_terminal_of_size(Int32(stream), &size) {
                if terminals == nil {
                    terminals = SessionTerminals(streams: 0, columns: size.columns, rows: size.rows)
                }
                terminals?.streams |= 1 << UInt8(stream)
            }
        }
        return terminals
    }
}
