#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonProtocol
#endif

// What a daemon says that is not its side of a session.

extension SessionConnection {
    var endedEarly: ClientError {
        if let otherVersion {
            return isOfOtherVersion(otherVersion)
        }
        return failure(.endedEarly, "hung up before the end of the command; its log may say why")
    }

    func isOfOtherVersion(_ version: UInt8) -> ClientError {
        failure(
            .notTheProtocol,
            """
            speaks version \(Int(version)) of the session protocol, and this client version \
            \(Int(SessionHello.version.major))
            """)
    }

    func broke(_ error: SessionError) -> ClientError {
        failure(.notTheProtocol, "broke a rule of the session protocol: \(error.text)")
    }

    /// What to say where the decoder refuses what came.
    func failure(_ error: SessionError) -> ClientError {
        if let otherVersion {
            return isOfOtherVersion(otherVersion)
        }
        guard case .notASession(let byte) = error else {
            return broke(error)
        }
        if byte > SessionFrame.lastFirstByteOfRecord {
            return failure(.notTheProtocol, "does not answer as a daemon does; is another server there?")
        }
        let words = secondStringOfRecord()
        return failure(
            .notTheProtocol,
            "speaks records, and no sessions: add --record\(words.bytes.isEmpty ? "" : " (it says: \(words))" as ByteText)"
        )
    }

    /// An error of the daemon's, whose text begins with its address.
    private func failure(_ code: ClientError.Code, _ text: ByteText) -> ClientError {
        ClientError(code, "\(address.text) \(text)")
    }

    /// The first line of the second string of the record that came: what a daemon says that knows only records. A record that
    /// does not fit the buffer, or does not come whole, says nothing.
    private func secondStringOfRecord() -> ByteText {
        var splitter = RecordSplitter()
        var line: [UInt8] = []
        var isWhole = false
        var start = 0
        var end = filled
        while !isWhole {
            let bytes = UnsafeRawBufferPointer(rebasing: buffer.memory[start..<end]).bytes
            var offset = 0
            while let piece = try? splitter.next(in: bytes, at: &offset) {
                if piece.part == .second {
                    bytes.extracting(piece.range).withUnsafeBytes { line.append(contentsOf: $0) }
                }
            }
            isWhole = splitter.isComplete || line.contains(UInt8(ascii: "\n"))
            start = end
            if isWhole || start == buffer.memory.count { break }
            let count = cclient_receive(
                descriptor, buffer.memory.baseAddress! + start, buffer.memory.count - start, true)
            if count <= 0 { break }
            end += count
        }
        return printable(Array(line.prefix { $0 != UInt8(ascii: "\n") }))
    }
}
