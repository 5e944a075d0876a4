#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
    import FastDaemonProtocol
#endif

/// What `main` is: Embedded Swift has no `CommandLine`, and the package manager links a program's entry point under
/// the name of its module.
@c(fastdaemon_client_main)
public func entryPoint(_ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>?>) -> Int32 {
    let words = (0..<Int(count)).compactMap { index in words[index].map(bytes) }
    do throws(ClientError) {
        switch try Invocation(words, port: Environment.value(of: "FASTDAEMON_PORT")) {
        case .help: try StandardOutput.write("\(help)")
        case .version: try StandardOutput.write("fastdaemon_client \(version)\n")
        case .forward(let request): return try forward(request)
        }
        return ExitStatus.success
    } catch {
        error.report()
        return error.exitStatus
    }
}

/// The bytes of a C string, without the NUL that ends it.
private func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: text, count: cclient_length(text)))
}
