import FastDaemonPluginKit

/// `trap HOW [async]`: ends its process as Swift code does that has a mistake.
struct Trapping: Plugin {
    static let name = "trapping"
    static let version = "1.0"

    init(host: PluginHost) {}

    var commands: [Command] {
        Command("trap", summary: "ends its process") { call in
            try call.print(Self.mistake(call.arguments.first ?? ""))
        }
        Command("trap-async", summary: "ends its process") { (call: AsyncCall) in
            await Task.yield()
            try await call.print(Self.mistake(call.arguments.first ?? ""))
        }
    }

    private static func mistake(_ kind: String) -> String {
        let number = kind.utf8.count
        switch kind {
        case "index": return "\([1, 2, 3][number])"
        case "overflow": return "\(Int8(127) + Int8(number))"
        case "nil": return "\(Int(kind)!)"
        case "fatal": fatalError("a mistake")
        default: return "no mistake"
        }
    }
}

/// What the daemon calls after loading the library.
@c(fastdaemon_plugin_entry)
public func entry(_ hostVersion: UInt32) -> UnsafeRawPointer? { Trapping.export(hostVersion) }
