import CFastDaemonPlugin
import Glibc

/// One plugin from `create` to `destroy`: the value, and its commands in the form that the host reads.
final class CreatedPlugin {
    let plugin: any Plugin
    let host: PluginHost
    private var list: UnsafeMutableBufferPointer<UnsafePointer<fastdaemon_command>?>?

    init(_ plugin: any Plugin, host: PluginHost) {
        self.plugin = plugin
        self.host = host
    }

    /// The commands, asked of the plugin the first time; unchanged from then on, as the ABI promises.
    func commandRecords() throws -> UnsafeBufferPointer<UnsafePointer<fastdaemon_command>?> {
        if let list { return UnsafeBufferPointer(list) }
        let commands = try plugin.commands
        for command in commands { try command.check() }
        let list = UnsafeMutableBufferPointer<UnsafePointer<fastdaemon_command>?>.allocate(capacity: commands.count)
        _ = list.initialize(from: commands.map(Self.record))
        self.list = list
        return UnsafeBufferPointer(list)
    }

    private static func record(of command: Command) -> UnsafePointer<fastdaemon_command>? {
        let record = UnsafeMutablePointer<fastdaemon_command>.allocate(capacity: 1)
        record.initialize(
            to: fastdaemon_command(
                size: MemoryLayout<fastdaemon_command>.size,
                name: strdup(command.name),
                summary: command.summary.isEmpty ? nil : strdup(command.summary),
                usage: command.usage.isEmpty ? nil : strdup(command.usage),
                execution: command.execution.code,
                input: command.execution.inputCode,
                run: run,
                context: Unmanaged.passRetained(Handler(command.body)).toOpaque()))
        return UnsafePointer(record)
    }

    deinit {
        guard let list else { return }
        for case let record? in list {
            free(UnsafeMutableRawPointer(mutating: record.pointee.name))
            free(UnsafeMutableRawPointer(mutating: record.pointee.summary))
            free(UnsafeMutableRawPointer(mutating: record.pointee.usage))
            if let context = record.pointee.context { Unmanaged<Handler>.fromOpaque(context).release() }
            record.deallocate()
        }
        list.deallocate()
    }
}

/// What stands behind a command's `context`.
private final class Handler {
    let body: Command.Body

    init(_ body: @escaping Command.Body) {
        self.body = body
    }
}

private func run(host: UnsafePointer<fastdaemon_host>?, call: OpaquePointer?, context: UnsafeMutableRawPointer?)
    -> Int32
{
    let handler = Unmanaged<Handler>.fromOpaque(context!)
    return handler._withUnsafeGuaranteedRef { $0.body(UnsafeCall(host: host!, call: call!)) }
}
