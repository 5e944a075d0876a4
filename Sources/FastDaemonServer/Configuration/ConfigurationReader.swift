import CLinux
import FastDaemonHost
import FastDaemonIO
import FastDaemonSystem
import FoundationEssentials
import Glibc

/// Everything that is wrong with a config file, each problem on a line of its own.
public struct ConfigurationError: Error, Sendable, CustomStringConvertible {
    /// The file.
    public let file: String

    /// The problems: where in the file, and what.
    public let problems: [String]

    /// In words, for people.
    public var description: String {
        problems.map { "\(file): \($0)" }.joined(separator: "\n")
    }
}

extension Configuration {
    /// Reads and checks a config file.
    ///
    /// - Throws: a `ConfigurationError` with every problem that the file has.
    public init(readingFrom path: String) throws(ConfigurationError) {
        let file = absolutePath(path)
        let bytes: [UInt8]
        do {
            bytes = try readTrusted(file)
        } catch {
            throw ConfigurationError(file: file, problems: ["\(error)"])
        }
        // What reads JSON is an eighth of an idle daemon's memory, and has nothing to do until the next reload.
        defer { clinux_release_code("libFoundationEssentials.so") }
        try self.init(parsing: bytes, of: file)
    }

    /// Checks what stands in a config file.
    ///
    /// - Parameter file: the file's absolute path, for messages and for relative paths.
    init(parsing bytes: [UInt8], of file: String) throws(ConfigurationError) {
        func fail(_ problem: String) -> ConfigurationError { ConfigurationError(file: file, problems: [problem]) }
        if bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) { throw fail("the file is empty") }
        if let line = lineThatIsNotUTF8(in: bytes) { throw fail("line \(line): there are bytes that are not UTF-8") }
        let value: JSONValue
        do {
            let decoder = JSONDecoder()
            decoder.allowsJSON5 = true
            value = try decoder.decode(JSONValue.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw fail("not JSON: \(explanation(of: error, in: bytes))")
        } catch {
            throw fail("\(error)")
        }
        guard case .object = value else {
            throw fail(Printable.line("expected an object in braces, found \(value.kind)"))
        }
        var reader = Reader(folder: parentFolder(of: file))
        self.init(file: file)
        reader.read(value, into: &self)
        if !reader.problems.isEmpty { throw ConfigurationError(file: file, problems: reader.problems) }
    }
}

/// The decoder ends the process where a key is not UTF-8, so it is given nothing else. Lines count from 1; nil where all is well.
private func lineThatIsNotUTF8(in bytes: [UInt8]) -> Int? {
    if String(validating: bytes, as: UTF8.self) != nil { return nil }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    return lines.firstIndex { String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
}

/// Where the config is looked for when nobody says: the first of these that exists.
public enum ConfigurationLocation {
    /// `$FASTDAEMON_CONFIG` stands alone: if it is set, it is meant.
    public static func candidates() -> [String] {
        func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        }
        if let path = variable("FASTDAEMON_CONFIG") { return [path] }
        var paths = ["config/fastdaemon.json"]
        if let folder = variable("XDG_CONFIG_HOME") ?? variable("HOME").map({ $0 + "/.config" }) {
            paths.append(folder + "/fastdaemon/fastdaemon.json")
        }
        return paths + ["/etc/fastdaemon/fastdaemon.json"]
    }

    /// The first candidate that is there; nil where none is.
    public static func find() -> String? {
        let paths = candidates()
        return paths.first { access($0, F_OK) == 0 } ?? (paths.count == 1 ? paths[0] : nil)
    }
}

/// Reads a file that nobody but root and the daemon's user may change.
private func readTrusted(_ file: String) throws -> [UInt8] {
    let folder = Descriptor(
        owning: try check(clinux_open_directory(clinux_here, parentFolder(of: file)), "open the folder of", file))
    let descriptor = Descriptor(
        owning: try check(
            clinux_open_at(folder.number, lastComponent(of: file), O_RDONLY | O_NONBLOCK, 0), "open", file))
    try Trust.check(descriptor, at: file)
    try Trust.check(folder, at: parentFolder(of: file))
    try Trust.checkFolders(above: folder, at: parentFolder(of: file))
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 16_384)
    while true {
        let count = try check(clinux_read(descriptor.number, &piece, piece.count), "read", file)
        if count == 0 { return bytes }
        bytes += piece[..<count]
        if bytes.count > 1 << 22 { throw IOError("read", file, because: "a config file has 4 MiB at most") }
    }
}

private func explanation(of error: DecodingError, in text: [UInt8]) -> String {
    if let fault = JSONFault(in: text) { return "\(fault)" }
    return "a number, a word or a character is not as JSON has it"
}

func absolutePath(_ path: String, in folder: String? = nil) -> String {
    if path.hasPrefix("/") { return path }
    if let folder { return "\(folder)/\(path)" }
    guard let current = getcwd(nil, 0) else { return path }
    defer { free(current) }
    return "\(String(cString: current))/\(path)"
}

func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

func lastComponent(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
}
