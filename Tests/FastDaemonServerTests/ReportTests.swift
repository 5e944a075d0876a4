import Testing

@testable import FastDaemonServer

@Suite("Reports") struct ReportTests {
    @Test(
        "tell a duration in its two greatest units",
        arguments: [
            (0, "0s"), (0.9, "0s"), (59.9, "59s"), (60, "1m 0s"), (245, "4m 5s"), (3600, "1h 0m"), (86_399, "23h 59m"),
            (86_400, "1d 0h"), (183_600, "2d 3h"),
        ] as [(Double, String)])
    func duration(seconds: Double, text: String) {
        #expect(Amounts.duration(seconds) == text)
    }

    @Test(
        "tell an amount of bytes in few characters",
        arguments: [
            (0, "0"), (9999, "9999"), (10_000, "9K"), (12_288, "12K"), (3 << 20, "3072K"), (10_240_000, "9M"),
            (64 << 30, "64G"), (16 << 40, "16T"), (.max, "16777215T"),
        ] as [(UInt64, String)])
    func amount(bytes: UInt64, text: String) {
        #expect(Amounts.bytes(bytes) == text)
    }

    @Test(
        "tell a number in few characters",
        arguments: [
            (0, "0"), (99_999, "99999"), (100_000, "100k"), (9_999_999, "9999k"), (10_000_000, "10M"),
            (12_345_678_901, "12G"),
        ] as [(UInt64, String)])
    func count(number: UInt64, text: String) {
        #expect(Amounts.count(number) == text)
    }

    @Test(
        "tell a time in at most five characters",
        arguments: [
            (0, "0ns"), (999, "999ns"), (1_000, "1.0us"), (9_999, "9.9us"), (10_000, "10us"), (999_999, "999us"),
            (1_500_000, "1.5ms"), (2_345_000_000, "2.3s"), (999_000_000_000, "999s"), (1_000_000_000_000, "16m"),
            (7_200_000_000_000, "120m"), (36_000_000_000_000, "10h"),
        ] as [(UInt64, String)])
    func span(nanoseconds: UInt64, text: String) {
        #expect(Amounts.span(nanoseconds) == text)
        #expect(Amounts.span(nil) == "-")
    }

    @Test("list statuses by how often they came, as many as there is room for")
    func statuses() {
        #expect(StatusReport.list([:]) == "")
        #expect(StatusReport.list(["1": 4, "2": 13, "255": 4]) == "2: 13, 1: 4, 255: 4")
        let all = Dictionary(uniqueKeysWithValues: (1...255).map { ("\($0)", UInt64(100_000 + $0 * 1_000)) })
        #expect(StatusReport.list(all).count <= 41 && StatusReport.list(all).hasPrefix("255: 355k, "))
    }

    @Test("fold what is too long, and let no word go")
    func folding() {
        let text = "quarantined: " + String(repeating: "seven77 ", count: 30)
        let lines = StatusReport.folded(text).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.joined(separator: " ").split(separator: " ") == text.split(separator: " "))
    }

    @Test("have columns as wide as their widest cell, and no spaces at the ends of lines")
    func table() {
        var table = TextTable(["name", "runs", "calls"])
        table.add(["é", "loop", "12345678"])
        table.add(["longest", "", "1"])
        #expect(
            table.text == """
                name     runs     calls
                \u{E9}        loop  12345678
                longest               1

                """)
    }

    @Test("have no padding behind a last column that stands to the left")
    func leftAligned() {
        var table = TextTable(["a", "b"], leftAligned: [1])
        table.add(["10", "x"])
        table.add(["1", "long"])
        #expect(table.text == " a  b\n10  x\n 1  long\n")
    }
}
