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
        #expect(StatusReport.duration(seconds) == text)
    }

    @Test(
        "tell an amount of bytes in few characters",
        arguments: [
            (0, "0"), (9999, "9999"), (10_000, "9K"), (12_288, "12K"), (3 << 20, "3072K"), (10_240_000, "9M"),
            (64 << 30, "64G"), (16 << 40, "16T"), (.max, "16777215T"),
        ] as [(UInt64, String)])
    func amount(bytes: UInt64, text: String) {
        #expect(StatusReport.amount(bytes) == text)
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
