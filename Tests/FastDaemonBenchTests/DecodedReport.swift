import FoundationEssentials

/// What the tests read of the report's JSON.
struct DecodedReport: Decodable {
    let command: [String]
    let seconds: Double
    let requests: Int
    let requestsPerSecond: Double
    let bytesSent: Int
    let bytesReceived: Int
    let latency: [String: Double]?
    let failed: Int
    let failures: [String: Int]
    let firstFailures: [String: String]
    let daemonCpuPerRequest: Double?
    let daemonResidentKib: Int?
    let idleHeld: Int
    let idleClosed: Int
    let ending: String

    init(_ json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(json.utf8))
    }
}
