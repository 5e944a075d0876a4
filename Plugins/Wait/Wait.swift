import FastDaemonPluginKit

/// `wait`: a slow command, to try a daemon with. It holds a thread of the pool, as a command does that really works
/// that long.
struct Wait: Plugin {
    static let name = "wait"
    static let version = "1.0"

    init(host: PluginHost) {}

    var commands: [Command] {
        Command(
            "wait",
            summary: "waits some seconds",
            usage: """
                wait [SECONDS]

                Waits the given seconds, such as 2 or 0.25, or 5 where none are given;
                then prints "waited SECONDS". Ends at once when it is cancelled, and then
                prints nothing: after a signal with status 128 and the signal's number,
                after its time limit with 124, else with 130.
                """
        ) { call in
            let seconds = try secondsToWait(from: call.arguments)
            try call.sleep(for: .seconds(seconds))
            try call.print("waited \(seconds.formattedShortly)")
        }
    }
}

/// Ten years: what is longer is a mistake, and would not fit a duration.
private let longest = 315_360_000.0

private func secondsToWait(from words: [String]) throws -> Double {
    guard let word = words.first else { return 5 }
    guard words.count == 1 else {
        throw CommandFailure(status: .usage, message: "one number of seconds is enough\nusage: wait [SECONDS]")
    }
    guard let seconds = Double(word), seconds >= 0, seconds <= longest else {
        throw CommandFailure(
            status: .usage, message: "\"\(word)\" is no number of seconds from 0 to ten years\nusage: wait [SECONDS]")
    }
    return seconds
}

extension Double {
    /// As people write it: without a fraction where there is none.
    fileprivate var formattedShortly: String { self == rounded() ? "\(Int(self))" : "\(self)" }
}

/// What the daemon calls after loading the library.
@c(fastdaemon_plugin_entry)
public func entry(_ hostVersion: UInt32) -> UnsafeRawPointer? { Wait.export(hostVersion) }
