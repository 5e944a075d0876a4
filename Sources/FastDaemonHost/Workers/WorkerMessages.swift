import FastDaemonSystem

/// What the daemon tells a worker.
public enum WorkerOrder: Equatable, Sendable {
    /// A session begins at the socket that comes with this.
    case call(WorkerCall)

    /// A call is not wanted any more.
    case cancel(call: UInt64, CancellationReason)

    /// Nothing more comes: it is to end when its calls have.
    case stop

    /// As what is sent.
    public var bytes: [UInt8] {
        var writer = MessageWriter()
        switch self {
        case .call(let call):
            writer.append(UInt8(1))
            call.append(to: &writer)
        case .cancel(let call, let reason):
            writer.append(UInt8(2))
            writer.append(call)
            writer.append(reason.rawValue)
        case .stop: writer.append(UInt8(3))
        }
        return writer.bytes
    }

    /// Out of what was received; nil where that is of no form.
    public init?(_ bytes: [UInt8]) {
        do throws(MessageError) { try self.init(reading: bytes) } catch { return nil }
    }

    private init(reading bytes: [UInt8]) throws(MessageError) {
        var reader = MessageReader(bytes)
        switch try reader.number(UInt8.self) {
        case 1: self = .call(try WorkerCall(&reader))
        case 2:
            let call: UInt64 = try reader.number()
            guard let reason = CancellationReason(rawValue: try reader.number()) else { throw MessageError() }
            self = .cancel(call: call, reason)
        case 3: self = .stop
        default: throw MessageError()
        }
        try reader.finish()
    }
}

/// What a worker is told of a call: what the session with it does not say.
public struct WorkerCall: Equatable, Sendable {
    /// The call's number in the daemon's log.
    public var id: UInt64

    /// The plugin's own name of the command, whatever it is served as.
    public var command: String

    /// When the caller stops waiting, in nanoseconds of the monotonic clock, which all processes share; 0 for never.
    public var deadline: UInt64

    /// Who calls.
    public var caller: Caller

    /// All of it.
    public init(id: UInt64, command: String, deadline: UInt64, caller: Caller) {
        self.id = id
        self.command = command
        self.deadline = deadline
        self.caller = caller
    }

    fileprivate func append(to writer: inout MessageWriter) {
        writer.append(id)
        writer.append(command)
        writer.append(deadline)
        for number in [caller.transport, caller.user, caller.group, caller.process] { writer.append(number) }
        writer.append(caller.address)
    }

    fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
        id = try reader.number()
        command = try reader.text()
        deadline = try reader.number()
        caller = Caller(
            transport: try reader.number(), user: try reader.number(), group: try reader.number(),
            process: try reader.number(), address: try reader.text())
    }
}
