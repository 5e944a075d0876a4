import FastDaemonClient
import Testing

@Suite("What a port names")
struct DaemonAddressTests {
    private func address(_ port: String, _ host: String? = nil, datagram: Bool = false) throws -> DaemonAddress {
        try DaemonAddress(port: Array(port.utf8), host: host.map { Array($0.utf8) }, datagram: datagram)
    }

    @Test("digits are a port, of the loopback address where no host is given")
    func ports() throws {
        #expect(try address("1").description == "127.0.0.1:1")
        #expect(try address("65535", "example.org").description == "example.org:65535")
        #expect(try address("09998", "::1", datagram: true).description == "[::1]:9998 (UDP)")
    }

    @Test("anything else is a path", arguments: ["9998.sock", "./9998", "a", "-1", "٣"])
    func paths(path: String) throws {
        #expect(try address(path).description == path)
    }

    @Test("a path has up to 107 bytes")
    func longestPath() throws {
        #expect(try address(String(repeating: "x", count: 107)).description.count == 107)
        let error = #expect(throws: ClientError.self) { try address(String(repeating: "é", count: 54)) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "what is neither is refused",
        arguments: [("0", nil), ("65536", nil), ("", nil), ("a\0b", nil), ("a.sock", "host"), ("1", ""), ("1", "a\0b")])
    func refused(port: String, host: String?) throws {
        let error = #expect(throws: ClientError.self) { try address(port, host) }
        #expect(error?.code == .invalidArgument)
    }
}
