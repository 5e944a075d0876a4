/// What a worker tells the daemon, once: how loading went.
public enum WorkerAnswer: Equatable, Sendable {
    case loaded(WorkerDescription)

    /// In words: what comes after "cannot load FILE: ".
    case failed(String)

    var bytes: [UInt8] {
        var writer = MessageWriter()
        switch self {
        case .loaded(let description):
            writer.append(UInt8(1))
            description.append(to: &writer)
        case .failed(let text):
            writer.append(UInt8(2))
            writer.append(text)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws(MessageError) {
        var reader = MessageReader(bytes)
        switch try reader.number(UInt8.self) {
        case 1: self = .loaded(try WorkerDescription(&reader))
        case 2: self = .failed(Printable.line(try reader.text()))
        default: throw MessageError()
        }
        try reader.finish()
    }
}

/// What a plugin that was loaded in a worker says of itself. It is checked again here: the worker may be in the hands of its
/// plugin.
public struct WorkerDescription: Equatable, Sendable {
    /// A command, as the plugin described it.
    struct Command: Equatable, Sendable {
        var name, summary, usage: String
        var execution: PluginCommand.Execution
        var takesInputAsItComes: Bool
    }

    var name, version: String

    /// The most calls at once that the plugin says it can bear; 0 for no bound.
    var concurrency: UInt32

    var commands: [Command]

    /// Of a plugin that was loaded here.
    public init(_ plugin: Plugin) {
        name = plugin.name
        version = plugin.version
        concurrency = UInt32(clamping: plugin.ownConcurrency ?? 0)
        commands = plugin.commands.map {
            Command(
                name: $0.name, summary: $0.summary, usage: $0.usage, execution: $0.execution,
                takesInputAsItComes: $0.takesInputAsItComes)
        }
    }

    init(name: String, version: String, concurrency: UInt32, commands: [Command]) {
        self.name = name
        self.version = version
        self.concurrency = concurrency
        self.commands = commands
    }

    fileprivate func append(to writer: inout MessageWriter) {
        writer.append(name)
        writer.append(version)
        writer.append(concurrency)
        writer.append(UInt32(commands.count))
        for command in commands {
            for text in [command.name, command.summary, command.usage, command.execution.rawValue] {
                writer.append(text)
            }
            writer.append(command.takesInputAsItComes)
        }
    }

    fileprivate init(_ reader: inout MessageReader) throws(MessageError) {
        name = try Self.checkedName(try reader.text())
        version = Printable.line(try reader.text())
        concurrency = try reader.number()
        commands = []
        let count: UInt32 = try reader.number()
        for _ in 0..<count {
            let name = try Self.checkedName(try reader.text())
            let summary = Printable.line(try reader.text())
            let usage = Printable.text(try reader.text())
            guard let execution = PluginCommand.Execution(rawValue: try reader.text()) else { throw MessageError() }
            commands.append(
                Command(
                    name: name, summary: summary, usage: usage, execution: execution,
                    takesInputAsItComes: try reader.flag()))
        }
        if commands.isEmpty { throw MessageError() }
    }

    private static func checkedName(_ name: String) throws(MessageError) -> String {
        do { try NameError.check(name.utf8) } catch { throw MessageError() }
        return name
    }
}
