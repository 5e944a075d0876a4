import Foundation
import TestSupport

extension RunningDaemon {
    /// Which generation is served, by the log; 1 is the first.
    var generation: Int {
        let line = log.last { $0.contains(" notice: reloaded ") }
        return line?.split(separator: "generation=").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 1
    }

    /// What is served now, a command a line.
    func commands() throws -> String { try ask("daemon commands").output }

    /// How many calls of each plugin may run at once.
    func limits() throws -> [String: Int] {
        struct Plugins: Decodable {
            struct Entry: Decodable {
                let name: String
                let limit: Int
            }
            let plugins: [Entry]
        }
        let text = try ask("daemon plugins --json").output
        let plugins = try JSONDecoder().decode(Plugins.self, from: Data(text.utf8)).plugins
        return Dictionary(uniqueKeysWithValues: plugins.map { ($0.name, $0.limit) })
    }
}

extension DaemonFolder {
    /// Puts these bytes in the place of a library in one step, as `install` does.
    func replace(_ library: String, with bytes: Data) throws {
        let new = file("new.so")
        try bytes.write(to: URL(filePath: new))
        chmod(new, 0o755)
        guard rename(new, self.library(library)) == 0 else { throw TestFailure("cannot replace \(library)") }
    }

    /// The bytes of a library.
    func bytes(of library: String) throws -> Data { try Data(contentsOf: URL(filePath: self.library(library))) }
}
