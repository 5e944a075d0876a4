#if hasFeature(Embedded)
    import CClientStatic
#else
    import CClient
    import FastDaemonClient
#endif

/// What `main` is: Embedded Swift has no `CommandLine`, and the package manager links a program's entry point under
/// the name of its module.
@c(fastdaemon_client_main)
public func entryPoint(_ count: Int32, _ words: UnsafePointer<UnsafePointer<CChar>?>) -> Int32 {
    let words = (1..<max(Int(count), 1)).compactMap { index in
        words[index].map { word in [UInt8](UnsafeRawBufferPointer(start: word, count: cclient_length(word))) }
    }
    do throws(ClientError) {
        switch try Invocation(words) {
        case .help: try StandardOutput.write(help)
        case .version: try StandardOutput.write("fastdaemon_client " + version + "\n")
        case .forward(let request): try forward(request)
        }
        return ExitStatus.success
    } catch {
        error.report()
        return error.exitStatus
    }
}
