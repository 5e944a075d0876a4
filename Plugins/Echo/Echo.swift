import FastDaemonPluginKit

/// `echo`: prints its words, or copies its input where there are none. The fast path of the daemon, so it works on raw
/// bytes.
struct Echo: Plugin {
    static let name = "echo"
    static let version = "1.0"

    init(host: PluginHost) {}

    var commands: [Command] {
        Command(
            "echo",
            summary: "prints its words, or copies its input",
            usage: """
                echo [WORD ...]

                Prints its words, joined by single spaces and followed by a line feed.
                Every word counts, also one such as -n. Without words, copies its
                standard input, byte by byte, as it comes.
                """,
            startingWith: Copying()
        ) { call, copying in
            guard call.rawArguments.count > 1 else { return try copying.step(call) }
            try printWords(of: call)
            return .done(.success)
        }
    }
}

/// Writes the words in one go: each write is a call of the host's, and could come between others.
private func printWords(of call: borrowing Call) throws(CallError) {
    let words = call.rawArguments.dropFirst()
    let count = words.reduce(0) { $0 + $1.count + 1 }
    try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { (line) throws(CallError) in
        var end = 0
        for word in words {
            UnsafeMutableRawBufferPointer(rebasing: line[end...]).copyMemory(from: word)
            end += word.count
            line[end] = UInt8(ascii: " ")
            end += 1
        }
        line[end - 1] = UInt8(ascii: "\n")
        try call.write(UnsafeRawBufferPointer(line))
    }
}

/// Copies standard input without waiting: what could not be written yet is kept from step to step.
private struct Copying {
    /// What is left of the last piece. It is the host's, and good until the next read.
    private var rest = UnsafeRawBufferPointer(start: nil, count: 0)

    mutating func step(_ call: borrowing Call) throws(CallError) -> Step {
        while true {
            while !rest.isEmpty {
                let written = try call.writeAvailable(rest)
                if written == 0 { return .again(when: .writable) }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
            }
            switch try call.readAvailablePiece() {
            case .bytes(let piece): rest = piece
            case .end: return .done(.success)
            case .notYet: return .again(when: .readable)
            }
        }
    }
}

/// What the daemon calls after loading the library.
@c(fastdaemon_plugin_entry)
public func entry(_ hostVersion: UInt32) -> UnsafeRawPointer? { Echo.export(hostVersion) }
