#if !hasFeature(Embedded)
    import FastDaemonProtocol
#endif

/// The replies that arrived, and the bytes of the next.
struct Replies {
    private let address: DaemonAddress
    private var decoder: RecordDecoder

    init(from address: DaemonAddress, limit: Int) {
        self.address = address
        decoder = RecordDecoder(limit: limit)
    }

    /// Keeps bytes that arrived.
    mutating func append(_ bytes: RawSpan) {
        decoder.append(bytes)
    }

    /// The next record, if it is whole.
    mutating func next() throws(ClientError) -> Record? {
        do throws(RecordError) {
            return try decoder.next()
        } catch {
            throw isOff(error)
        }
    }

    /// The next record, if it is whole after `bytes`; none of them is the end.
    mutating func next(after bytes: RawSpan) throws(ClientError) -> Record? {
        if bytes.byteCount > 0 {
            decoder.append(bytes)
            return try next()
        }
        do throws(RecordError) {
            try decoder.finish()
        } catch {
            throw isOff(error)
        }
        throw ClientError(.endedEarly, "\(address.text) hung up without a reply")
    }

    private func isOff(_ error: RecordError) -> ClientError {
        let code: ClientError.Code = if case .endedEarly = error { .endedEarly } else { .notTheProtocol }
        return ClientError(code, "the reply of \(address.text) is off: \(ByteText(error.description))")
    }
}
