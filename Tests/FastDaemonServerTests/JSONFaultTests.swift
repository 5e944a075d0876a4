import FoundationEssentials
import Testing

@testable import FastDaemonServer

@Suite("The place where a config is not JSON") struct JSONFaultTests {
    @Test(
        "is where it has to be mended",
        arguments: [
            ("{\n  \"a\": 1\n  \"b\": 2\n}", "line 2, column 9: expected a comma or }"),
            ("[ 1 2 ]", "line 1, column 4: expected a comma or ]"),
            ("{ \"a\" 1 }", "line 1, column 6: expected a colon"),
            ("{ \"a\": }", "line 1, column 8: expected a value"),
            ("{ , }", "line 1, column 3: expected a key in quotes, or }"),
            ("{\n  \"a\": [ 1,\n}", "line 3, column 1: expected a value"),
            ("{\n  \"a\": {", "line 2, column 8: expected } to close this"),
            ("{ \"é\": \"x\n}", "line 1, column 8: expected \" to close this"),
            ("{} }", "line 1, column 4: expected nothing more"),
            ("{ /* \n }", "line 1, column 3: expected */ after this /*"),
            ("{ \"a\": / }", "line 1, column 8: expected a comment, // or /* */, or no /"),
        ])
    func place(text: String, fault: String) {
        #expect(JSONFault(in: Array(text.utf8))?.description == fault)
    }

    @Test(
        "is none in JSON5",
        arguments: [
            "{}", "[]", "// a\n{ a: 'b', \"c\": [ +1, .5, 0x1F, Infinity, ], /* d */ }", "\"a\\\"b\"",
        ])
    func none(text: String) throws {
        #expect(JSONFault(in: Array(text.utf8)) == nil)
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        _ = try decoder.decode(JSONValue.self, from: Data(text.utf8))
    }

    @Test("is found in as many brackets as a file can hold, without using up the stack")
    func deep() {
        let text = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 22)
        #expect(JSONFault(in: text)?.expected == "at most 512 levels of brackets")
    }

    @Test("is found in every beginning of a text")
    func beginnings() {
        let text = Array("{ \"a\": [ 1, { 'b': \"c\\\"\" } ], /* d */ \"e\": true }".utf8)
        for count in 0..<text.count { #expect(JSONFault(in: Array(text[..<count])) != nil, "\(count)") }
        #expect(JSONFault(in: text) == nil)
    }
}
