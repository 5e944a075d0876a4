import CFastDaemonPlugin
import FastDaemonSystem
import Glibc

/// Why a plugin does not serve. Each way to fail has a message of its own, which names the file and what to do.
public struct PluginError: Error, Sendable, CustomStringConvertible {
    /// The library's path, or the folder's.
    public let path: String

    /// What went wrong.
    public let reason: Reason

    /// The ways to fail.
    public enum Reason: Sendable {
        case folder(code: Int32)
        case outsideFolder
        case cannotOpen(code: Int32)
        case notAFile
        case untrusted(TrustError)
        case notELF
        case cutShort
        case otherMachine(found: UInt16, expected: UInt16)
        case cannotCopy(code: Int32)
        case cannotLoad(String)
        case noEntry
        case refusesHost
        case wrongMajor(found: UInt32)
        case tooSmall(found: Int, expected: Int)
        case lacks(String)
        case badName(String, NameError)
        case createFailed(status: Int32, String?)
        case commandsFailed(status: Int32, String?)
        case badCommand(index: Int, String)
        case noCommands
        case selfTestFailed(status: Int32, String?)
        case cannotStartWorker(IOError)
        case workerFailed(String)
    }

    init(_ path: String, _ reason: Reason) {
        self.path = path
        self.reason = reason
    }

    /// In words, for people.
    public var description: String {
        "cannot load \(path): \(explanation)"
    }

    /// What went wrong and what to do, without the file's name.
    public var explanation: String {
        switch reason {
        case .folder(let code) where code == ENOENT: "there is no such folder; make it, or mend \"pluginDirectory\""
        case .folder(let code): "the folder cannot be opened: \(text(of: code))"
        case .outsideFolder:
            "a library is a file name in the plugin folder, never a path or a link that leads out of it"
        case .cannotOpen(let code) where code == ENOENT: "there is no such file in the plugin folder"
        case .cannotOpen(let code): "the file cannot be opened: \(text(of: code))"
        case .notAFile: "it is not a regular file"
        case .untrusted(let error): "\(error)"
        case .notELF: "it is not a shared library (no ELF header)"
        case .cutShort: "the file ends before the library does; is it still being written?"
        case .otherMachine(let found, let expected):
            "it was built for another kind of machine (ELF machine \(found), this one is \(expected))"
        case .cannotCopy(let code): "no private copy of it could be made: \(text(of: code))"
        case .cannotLoad(let text): text
        case .noEntry:
            "it does not export \(FASTDAEMON_PLUGIN_ENTRY_NAME); is it a fastdaemon plugin, and is that function "
                + "marked FASTDAEMON_EXPORT and extern \"C\"?"
        case .refusesHost:
            "it cannot work with a host of version \(Self.version(FASTDAEMON_ABI_VERSION)) of the plugin ABI"
        case .wrongMajor(let found):
            "it was built for version \(Self.version(found)) of the plugin ABI, and this daemon speaks "
                + "\(Self.version(FASTDAEMON_ABI_VERSION)); build it anew with this version's fastdaemon_plugin.h"
        case .tooSmall(let found, let expected):
            "its descriptor is \(found) bytes, and version \(Self.version(FASTDAEMON_ABI_VERSION)) of the plugin ABI "
                + "needs \(expected); does it set `size`?"
        case .lacks(let member): "its descriptor has no \(member)"
        case .badName(let name, let error): "its name \"\(name)\" cannot be used: \(error)"
        case .createFailed(let status, let text):
            "its start failed: \(text ?? "it returned \(status), and did not say why")"
        case .commandsFailed(let status, let text):
            "it could not say what it serves: \(text ?? "it returned \(status), and did not say why")"
        case .badCommand(let index, let text): "its command number \(index + 1) cannot be used: \(text)"
        case .noCommands: "it serves no commands"
        case .selfTestFailed(let status, let text):
            "its self-test failed: \(text ?? "it returned \(status), and did not say why")"
        case .cannotStartWorker(let error): "\(error)"
        case .workerFailed(let text): text
        }
    }

    private func text(of code: Int32) -> String { String(cString: strerror(code)) }

    private static func version(_ number: UInt32) -> String { "\(number >> 16).\(number & 0xFFFF)" }
}

/// Why a text cannot be the name of a command or plugin.
public enum NameError: Error, Equatable, Sendable, CustomStringConvertible {
    case empty
    case tooLong(Int)
    case notUTF8
    case hasCharacter(UInt8)

    /// The longest name, in bytes.
    public static let limit = 255

    /// In words, for people.
    public var description: String {
        switch self {
        case .empty: "it is empty"
        case .tooLong(let count): "it is \(count) bytes long, and a name has \(Self.limit) at most"
        case .notUTF8: "it is not UTF-8"
        case .hasCharacter(let byte): "it has a space, a quote or a control character in it (byte \(byte))"
        }
    }

    /// Checks that a name can be typed as one word, and be printed without harm to a terminal.
    public static func check(_ name: some Collection<UInt8>) throws(NameError) {
        if name.isEmpty { throw .empty }
        if name.count > limit { throw .tooLong(name.count) }
        for byte in name where byte <= 0x20 || byte == 0x7F || byte == 0x22 || byte == 0x27 || byte == 0x5C {
            throw .hasCharacter(byte)
        }
        guard let text = String(validating: name, as: UTF8.self) else { throw .notUTF8 }
        // U+0080 to U+009F are control characters too.
        for scalar in text.unicodeScalars where (0x80...0x9F).contains(scalar.value) { throw .hasCharacter(0xC2) }
    }
}
