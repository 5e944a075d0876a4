import Foundation
import Testing

@testable import FastDaemonServer

@Suite("The page for operators") struct OperatingTests {
    private let page = repository.appending(path: "config/OPERATING.md")

    @Test("It has every limit, with its default")
    func limits() throws {
        let text = try String(contentsOf: page, encoding: .utf8)
        let limits = Limits()
        let rows =
            Limits.integers.map { "| `\($0.key)` | \(limits[keyPath: $0.path]) |" }
            + Limits.seconds.map { key, path, _ in
                let number = limits[keyPath: path]
                return "| `\(key)` | \(number == number.rounded() ? "\(Int(number))" : "\(number)") |"
            }
        for row in rows { #expect(text.contains("\n\(row)"), "\(row)") }
    }

    @Test("Each file that it names is there")
    func links() throws {
        let text = try String(contentsOf: page, encoding: .utf8)
        let links = text.matches(of: /\]\(([^)]+)\)/).map { String($0.output.1) }
        #expect(links.count > 2)
        for link in links {
            let file = page.deletingLastPathComponent().appending(path: link).standardized
            #expect(FileManager.default.fileExists(atPath: file.path), "\(link)")
        }
    }
}
