from connector.console.main import main

main()
