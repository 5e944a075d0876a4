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
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let result = try decoder.decode(Results.self, from: Data(text.utf8))
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

    @Test("words that it does not know are refused")
    func usage() throws {
        #expect(try script("--bogus").status == .exited(64))
        #expect(try script("--rows", "az").errorText.contains("--rows takes letters from a to f, not 'az'"))
        #expect(try script("--help").outputText.hasPrefix("usage: bench.sh"))
    }

    private struct Results: Decodable {
        struct Row: Decodable {
            let row: String
            let ratio: Double?
            let met: String
            let daemonRate: Double?
            let referenceRate: Double?
        }
        let rounds: Int
        let rows: [Row]
    }

    private func script(_ arguments: String...) throws -> ProgramResult {
        try run("/bin/bash", ["\(benchmarksFolder)/bench.sh"] + arguments)
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
