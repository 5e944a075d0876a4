import Foundation
import TestSupport
import Testing

@Suite("The script behind make bench")
struct BenchScriptTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test("the median is the middle value, or the mean of the two middle ones")
    func median() throws {
        #expect(try table("printf '10\\n9\\n200\\n' >$work/odd; median $work/odd") == "10\n")
        #expect(try table("printf '1 rest\\n4\\n2\\n3\\n' >$work/even; median $work/even") == "2.5\n")
    }

    @Test("a ratio is of medians, and meets its goal or says by how much it does not")
    func ratios() throws {
        let rows = try table(
            """
            printf '12\\n' >$work/ours; printf '10\\n' >$work/theirs
            compare a within µs $work/ours $work/theirs 1.2 them
            compare b over µs $work/ours $work/theirs 1 them
            compare c without µs $work/ours $work/theirs - them
            compare g enough MiB/s $work/ours $work/theirs 'least 1.2' them
            compare h under MiB/s $work/ours $work/theirs 'least 1.6' them
            limit d inside MiB $work/ours 20
            limit e outside MiB $work/ours 10
            skip f missing 'no such thing'
            cut -f 1,4,5,6,7,8 $work/rows
            """)
        #expect(
            rows == """
                a\t12\t10\t1.200\tratio 1.2\tyes
                b\t12\t10\t1.200\tratio 1\tno, 20 % over
                c\t12\t10\t1.200\t-\t-
                g\t12\t10\t1.200\tratio at least 1.2\tyes
                h\t12\t10\t1.200\tratio at least 1.6\tno, 25 % under
                d\t12\t-\t-\t20 MiB\tyes
                e\t12\t-\t-\t10 MiB\tno, 20 % over
                f\t-\t-\t-\t-\tskipped: no such thing

                """)
    }

    @Test("the rows are also JSON")
    func json() throws {
        let text = try table(
            """
            rounds=3 seconds=2 repository=.
            printf '12\\n' >$work/ours; printf '10\\n' >$work/theirs
            printf '500\\n' >$work/ours.rate; printf '600\\n' >$work/theirs.rate
            compare a echo 'µs of CPU' $work/ours $work/theirs 1.2 them
            skip d client 'no such thing'
            print_json
            """)
        let result = try results(Data(text.utf8))
        #expect(result.rounds == 3)
        #expect(result.rows.map(\.row) == ["a", "d"])
        #expect(result.rows[0].ratio == 1.2)
        #expect(result.rows[0].daemonRate == 500)
        #expect(result.rows[0].referenceRate == 600)
        #expect(result.rows[1].ratio == nil)
        #expect(result.rows[1].met == "skipped: no such thing")
    }

    @Test("a run is saved before the runs that are there")
    func save() throws {
        let saved = try table(
            """
            printf '# Results\\n\\n<!-- newest first -->\\n\\n## old\\n' >$work/RESULTS.md
            printf '## new\\n' >$work/section
            save_section $work/section $work/RESULTS.md
            cat $work/RESULTS.md
            """)
        #expect(saved == "# Results\n\n<!-- newest first -->\n\n## new\n\n## old\n")
    }

    @Test("a text takes the place of what stands between its marks, and only of that")
    func between() throws {
        let saved = try table(
            """
            printf 'before\n<!-- here -->\nold\n<!-- /here -->\nafter\n' >$work/README.md
            printf 'new\n' >$work/text
            save_between here $work/text $work/README.md
            save_between here $work/text $work/README.md
            cat $work/README.md
            """)
        #expect(saved == "before\n<!-- here -->\n\nnew\n\n<!-- /here -->\nafter\n")
    }

    @Test("words that it does not know are refused")
    func usage() throws {
        #expect(try script("--bogus").status == .exited(64))
        #expect(try script("--rows", "az").errorText.contains("--rows takes letters from a to p, not 'az'"))
        #expect(try script("--help").outputText.hasPrefix("usage: bench.sh"))
    }

    @Test(
        "the rows of sessions measure the built programs",
        .enabled(if: isInstalled("socat"), "socat is not installed"),
        .enabled(if: Compiler.c != nil, "cc is not installed"))
    func sessions() throws {
        let json = folder.file("results.json")
        let outcome = try script(
            "--build", productsFolder.path, "--rounds", "1", "--seconds", "1", "--rows", "ghi", "--json", json)
        #expect(outcome.status == .exited(0), "\(outcome.errorText)")
        let results = try results(Data(contentsOf: URL(filePath: json)))
        #expect(results.rows.map(\.row) == ["g", "g", "h", "h", "i", "i"])
        #expect(results.rows.map { $0.ratio != nil } == [true, true, true, true, false, true])
        #expect(results.rows.allSatisfy { $0.daemon ?? 0 > 0 })
        #expect(results.rows.map(\.goal) == ["ratio 1.1", "ratio 1.3", "ratio at least 0.8", nil, "50 µs", nil])
    }

    private struct Results: Decodable {
        struct Row: Decodable {
            let row: String
            let daemon: Double?
            let ratio: Double?
            let goal: String?
            let met: String?
            let daemonRate: Double?
            let referenceRate: Double?
        }
        let rounds: Int
        let rows: [Row]
    }

    private func results(_ json: Data) throws -> Results {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Results.self, from: json)
    }

    private func script(_ arguments: String...) throws -> ProgramResult {
        try run("/bin/bash", ["\(benchmarksFolder)/bench.sh"] + arguments, seconds: 300)
    }

    /// What commands print that use the functions of `lib/table.sh`.
    private func table(_ commands: String) throws -> String {
        let text = "set -euo pipefail; work='\(folder.path)'; . '\(benchmarksFolder)/lib/table.sh'\n\(commands)"
        let outcome = try run("/bin/bash", ["-c", text])
        #expect(outcome.status == .exited(0))
        #expect(outcome.errorText == "")
        return outcome.outputText
    }
}
