import FastDaemonHost
import FastDaemonSystem

/// What `fastdaemond --check` finds: what would be served, and what is wrong.
public struct CheckReport: Sendable {
    /// What would be served, for people.
    public let served: String

    /// What is wrong, a line each: the config could be used only in part.
    public let problems: [String]

    /// Loads every plugin that the config lists, and asks what it serves. No listener is opened.
    ///
    /// - Throws: what keeps plugins from being loaded at all.
    public init(_ configuration: Configuration) throws(IOError) {
        let host = try PluginHost(configuration.limits, log: Log(configuration.log), loop: nil, loopCount: 0)
        (served, problems) = Self.report(GenerationDraft(configuration, host: host), configuration)
        // The process is about to end, and must not do so while a plugin is being destroyed.
        host.destruction.wait()
    }

    private static func report(
        _ draft: consuming GenerationDraft, _ configuration: Configuration
    ) -> (served: String, problems: [String]) {
        let problems = draft.problems
        var text = "\(configuration.file):\n\n"
        var listeners = TextTable(["listen", "protocol", "mode"], leftAligned: [0, 1, 2])
        for listener in configuration.listeners {
            let mode = listener.address.isUnix ? String(listener.mode, radix: 8) : ""
            listeners.add([listener.name, listener.dialect.rawValue, mode])
        }
        text += listeners.text + "\n"
        var plugins = TextTable(["plugin", "version", "command", "runs", "library"], leftAligned: [0, 1, 2, 3, 4])
        for route in draft.finished().routing.routes {
            guard let plugin = route.command?.plugin else { continue }
            plugins.add([plugin.name, plugin.version, route.name, route.execution.rawValue, plugin.libraryPath])
        }
        return (text + plugins.text, problems)
    }
}
