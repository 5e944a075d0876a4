extension Connection {
    /// What the peer sends, in pieces as they come, until its end. To a task that is cancelled it ends at once.
    ///
    /// Each piece is an array of its own. Programs that have room of their own use `receive(into:deadline:)`.
    public var bytes: Bytes { Bytes(connection: self) }

    /// The pieces of what a peer sends: each between one byte and as many as were there.
    public struct Bytes: AsyncSequence, Sendable {
        fileprivate let connection: Connection

        /// An iterator over what comes from now on.
        public func makeAsyncIterator() -> Iterator {
            Iterator(connection: connection)
        }

        /// Receives one piece at a time.
        public struct Iterator: AsyncIteratorProtocol {
            fileprivate let connection: Connection

            /// The next piece; nil at the end.
            public mutating func next() async throws(ConnectionError) -> [UInt8]? {
                let connection = connection
                if connection.loop.isCurrent { return try await connection.nextPiece() }
                return try await withTaskExecutorPreference(connection.loop) {
                    () async throws(ConnectionError) -> [UInt8]? in try await connection.nextPiece()
                }
            }
        }
    }

    private func nextPiece() async throws(ConnectionError) -> [UInt8]? {
        while true {
            if let piece = try receivePieceNow() { return piece.isEmpty ? nil : piece }
            let mayHaveMore = await withTaskCancellationHandler {
                await Result { () async throws(ConnectionError) in try await waitUntilReadable(deadline: 0) }
            } onCancel: {
                interrupt()
            }
            if try !mayHaveMore.get() { return nil }
        }
    }

    private func receivePieceNow() throws(ConnectionError) -> [UInt8]? {
        guard let count = try receiveNow(into: loop.scratch) else { return nil }
        return Array(UnsafeRawBufferPointer(rebasing: loop.scratch[..<count]))
    }

    /// Sends all of `bytes`, waiting where the peer is slow.
    public func write(_ bytes: [UInt8]) async throws(ConnectionError) {
        if loop.isCurrent { return try await writeOnLoop(bytes) }
        try await withTaskExecutorPreference(loop) { () async throws(ConnectionError) in
            try await self.writeOnLoop(bytes)
        }
    }

    private func writeOnLoop(_ bytes: [UInt8]) async throws(ConnectionError) {
        var sent = 0
        while true {
            let result = bytes.withUnsafeBytes { whole in
                Result { () throws(ConnectionError) in
                    try sendNow(UnsafeRawBufferPointer(rebasing: whole[sent...]))
                }
            }
            sent += try result.get()
            if sent == bytes.count { return }
            try await waitUntilWritable(patience: 0)
        }
    }
}

extension Result {
    fileprivate init(catching body: () async throws(Failure) -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
