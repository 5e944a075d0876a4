import CFastDaemonPlugin

/// A plugin: what a library serves once it is loaded, with the options of one entry of the config.
///
/// A library exports one type, with the one C function that the host looks for:
///
/// ```swift
/// @c(fastdaemon_plugin_entry)
/// public func entry(_ hostVersion: UInt32) -> UnsafeRawPointer? { Hello.export(hostVersion) }
/// ```
///
/// A library that the config lists twice gives two values of the type, each with options of its own.
public protocol Plugin: Sendable {
    /// What the plugin is called where the config gives it no name of its own.
    static var name: String { get }

    /// The plugin's own version, for people: any one line.
    static var version: String { get }

    /// The most concurrent calls that the plugin can bear at the same time: 1 for code that is not made for threads,
    /// nil (the default) for no bound of its own. Inline commands are not counted.
    static var maximumConcurrentCalls: Int? { get }

    /// Makes the plugin, before any call. What is thrown is shown to the user as the reason why it does not serve.
    init(host: PluginHost) throws

    /// What it serves; asked for once, after `init`, so it may depend on the options.
    @CommandBuilder var commands: [Command] { get throws }

    /// Throws where this plugin would not work. The host may ask before the plugin takes over from an older version,
    /// and waits up to 5 seconds. Does nothing unless the plugin says otherwise.
    func selfTest() throws

    /// The address of a named extension that the plugin offers to its host, or nil. What stands there, for the life of
    /// the process, is said by whoever defines the name. May be called from any thread.
    static func extensionAddress(named name: String) -> UnsafeRawPointer?
}

extension Plugin {
    /// No bound of the plugin's own.
    public static var maximumConcurrentCalls: Int? { nil }

    /// Finds nothing wrong.
    public func selfTest() throws {}

    /// No extension.
    public static func extensionAddress(named name: String) -> UnsafeRawPointer? { nil }

    /// Answers the descriptor that `fastdaemon_plugin_entry` returns, or nil for a host of another major version. It
    /// lives as long as the process, as the ABI asks.
    public static func export(_ hostVersion: UInt32) -> UnsafeRawPointer? {
        guard hostVersion >> 16 == FASTDAEMON_ABI_MAJOR else { return nil }
        return UnsafeRawPointer(ExportedPlugin.descriptor(of: Self.self))
    }
}
