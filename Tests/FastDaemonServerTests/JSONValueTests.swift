import FoundationEssentials
import Testing

@testable import FastDaemonServer

@Suite("A JSON value") struct JSONValueTests {
    private static func value(of text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    @Test(
        "comes back from its own text",
        arguments: [
            .null, .bool(true), .bool(false), .integer(0), .integer(1), .integer(.min), .integer(.max), .number(0.5),
            .number(-1e300), .string(""), .string("é \"\\/\n\0\u{1F600}"), .array([]), .object([:]),
            .object(["a": .array([.integer(1), .null, .object(["b": .bool(false)])]), "": .string("1")]),
        ] as [JSONValue])
    func roundTrip(value: JSONValue) throws {
        #expect(try Self.value(of: value.text) == value)
    }

    @Test("has its keys in order in its text, and no slash escaped")
    func text() throws {
        let value = try Self.value(of: #"{ "b": "/a/b", "a": [1, true, null, 1.5] }"#)
        #expect(value.text == #"{"a":[1,true,null,1.5],"b":"/a/b"}"#)
    }

    @Test(
        "tells the kinds apart, and names them",
        arguments: [
            ("1", .integer(1), "the number 1"), ("true", .bool(true), "true"),
            ("\"1\"", .string("1"), "the text \"1\""),
            ("1.5", .number(1.5), "the number 1.5"), ("null", .null, "null"), ("[]", .array([]), "an array"),
            ("{}", .object([:]), "an object"),
        ] as [(String, JSONValue, String)])
    func kind(text: String, value: JSONValue, kind: String) throws {
        #expect(try Self.value(of: text) == value)
        #expect(value.kind == kind)
    }
}
