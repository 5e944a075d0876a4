import CFastDaemonPlugin

/// What the daemon offers to a plugin apart from any call. A plugin keeps it if it wants to log later; it may be used
/// from any thread until the plugin is gone.
///
/// `@unchecked Sendable`: the table is constant, `instance` is opaque, and the functions used here may be called from
/// any thread.
public struct PluginHost: @unchecked Sendable {
    /// The `options` of this plugin in the config.
    public let options: Options

    private let table: UnsafePointer<fastdaemon_host>
    private let instance: OpaquePointer

    init(table: UnsafePointer<fastdaemon_host>, instance: OpaquePointer, options: Options) {
        self.table = table
        self.instance = instance
        self.options = options
    }

    /// The version of the plugin ABI that the host was compiled with.
    public var version: (major: Int, minor: Int) {
        (Int(table.pointee.abi_version >> 16), Int(table.pointee.abi_version & 0xFFFF))
    }

    /// Writes one line to the daemon's log under the plugin's name. The text is only built where that level is logged.
    public func log(_ level: LogLevel, _ message: @autoclosure () -> String) {
        table.log(level, message, instance: instance, call: nil)
    }

    /// The address of a named extension that the host offers, or nil. It stays good for the life of the process.
    public func extensionAddress(named name: String) -> UnsafeRawPointer? {
        table.pointee.extension(table, name)
    }

    /// Says why the plugin cannot start. Only while the host is loading it.
    func setError(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { table.pointee.set_error(instance, $0.baseAddress, $0.count) }
        }
    }
}

extension UnsafePointer<fastdaemon_host> {
    /// Writes a line where its level is logged.
    func log(_ level: LogLevel, _ message: () -> String, instance: OpaquePointer?, call: OpaquePointer?) {
        guard pointee.logs(instance, level.rawValue) != 0 else { return }
        var text = message()
        text.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) {
                pointee.log(instance, call, level.rawValue, $0.baseAddress, $0.count)
            }
        }
    }
}

/// How much a line of the log matters.
public enum LogLevel: UInt32, Sendable, CaseIterable {
    case error = 0
    case warning = 1
    case notice = 2
    case info = 3
    case debug = 4
}
