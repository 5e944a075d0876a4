import FastDaemonSystem

/// What a worker needs to know before it loads its library.
public struct WorkerSetup: Equatable, Sendable {
    /// The library's path, for messages: what is loaded is a copy.
    public var libraryPath: String

    /// What the plugin is to be called; nil for the name that it gives itself.
    public var name: String?

    /// The plugin's options: JSON text, an object.
    public var options: String

    /// How many calls it serves at once, as far as it has descriptors for them.
    public var calls: UInt32

    /// What is the same for the workers of all plugins.
    public var common: Common

    /// What a config says of all workers.
    public struct Common: Equatable, Sendable {
        /// The most bytes of data, besides the stacks for its calls, and the most descriptors that the worker may have.
        public var memoryBytes, descriptors: UInt64

        /// The daemon's limits on a request, a reply, and buffers, in bytes.
        public var recordBytes, replyBytes, bufferBytes: UInt64

        /// What is logged.
        public var logLevel: LogLevel

        /// Whether the log is JSON, for programs.
        public var logsJSON: Bool

        /// How many calls at once there are descriptors for. A worker has up to 16 itself; a call has its socket, its directory, and
        /// what its handler polls to hear of a cancellation.
        var mostCalls: Int { max(1, (Int(clamping: descriptors) - 16) / 3) }

        /// All of it.
        public init(
            memoryBytes: Int, descriptors: Int, recordBytes: Int, replyBytes: Int, bufferBytes: Int,
            logLevel: LogLevel, logsJSON: Bool
        ) {
            self.memoryBytes = UInt64(memoryBytes)
            self.descriptors = UInt64(descriptors)
            self.recordBytes = UInt64(recordBytes)
            self.replyBytes = UInt64(replyBytes)
            self.bufferBytes = UInt64(bufferBytes)
            self.logLevel = logLevel
            self.logsJSON = logsJSON
        }

        fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
            memoryBytes = try reader.number()
            descriptors = try reader.number()
            recordBytes = try reader.number()
            replyBytes = try reader.number()
            bufferBytes = try reader.number()
            guard let level = LogLevel(rawValue: try reader.number()) else { throw MessageError() }
            logLevel = level
            logsJSON = try reader.flag()
        }

        fileprivate func append(to writer: inout MessageWriter) {
            for number in [memoryBytes, descriptors, recordBytes, replyBytes, bufferBytes] { writer.append(number) }
            writer.append(logLevel.rawValue)
            writer.append(logsJSON)
        }
    }

    /// All of it.
    public init(image: LibraryImage, name: String?, options: String, calls: Int, common: Common) {
        libraryPath = image.path
        self.name = name
        self.options = options
        self.calls = UInt32(calls)
        self.common = common
    }

    var bytes: [UInt8] {
        var writer = MessageWriter()
        for text in [libraryPath, name ?? "", options] { writer.append(text) }
        writer.append(name != nil)
        writer.append(calls)
        common.append(to: &writer)
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(MessageError) {
        var reader = MessageReader(bytes)
        libraryPath = try reader.text()
        let name = try reader.text()
        options = try reader.text()
        self.name = try reader.flag() ? name : nil
        calls = try reader.number()
        common = try Common(&reader)
        try reader.finish()
    }
}
