// An unmodified QuickFIX as a client: commands on standard input, one JSON object a line on standard output.
//   initiator SETTINGS USERNAME PASSWORD
// Commands: start | stop | send FIELD|FIELD|... | next-out N | next-in N | skew SECONDS | logon-field TAG=VALUE
// Everything that QuickFIX receives passes its own dictionary; what does not, it rejects, and that is told as a message of its own.
#include <quickfix/Application.h>
#include <quickfix/DataDictionary.h>
#include <quickfix/FileStore.h>
#include <quickfix/Log.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>

#include <algorithm>
#include <atomic>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace {

std::mutex printing;

std::string readable(std::string text) {
  std::replace(text.begin(), text.end(), '\001', '|');
  return text;
}

void tell(const std::string& event, const std::string& text) {
  std::string escaped;
  for (const char c : readable(text)) {
    if (c == '"' || c == '\\') escaped += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) escaped += c;
  }
  const std::lock_guard<std::mutex> lock(printing);
  std::cout << "{\"event\":\"" << event << "\",\"text\":\"" << escaped << "\"}" << std::endl;
}

class Client : public FIX::Application {
public:
  Client(std::string username, std::string password)
      : username_(std::move(username)), password_(std::move(password)) {}

  std::atomic<int> skewSeconds{0};

  void addToLogon(const std::string& field) {
    const auto at = field.find('=');
    const std::lock_guard<std::mutex> lock(fields_);
    extra_.emplace_back(std::stoi(field.substr(0, at)), field.substr(at + 1));
  }

  void onCreate(const FIX::SessionID&) override {}
  void onLogon(const FIX::SessionID&) override { tell("logon", ""); }
  void onLogout(const FIX::SessionID&) override { tell("logout", ""); }

  void toAdmin(FIX::Message& message, const FIX::SessionID&) override {
    if (message.getHeader().getField(35) == "A") {
      message.setField(553, username_);
      message.setField(554, password_);
      const std::lock_guard<std::mutex> lock(fields_);
      for (const auto& field : extra_) message.setField(field.first, field.second);
    }
    shiftTime(message);
    tell("sent", message.toString());
  }

  void toApp(FIX::Message& message, const FIX::SessionID&) throw(FIX::DoNotSend) override {
    shiftTime(message);
    tell("sent", message.toString());
  }

  void fromAdmin(const FIX::Message& message, const FIX::SessionID&) throw(
      FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::RejectLogon) override {
    tell("admin", message.toString());
  }

  void fromApp(const FIX::Message& message, const FIX::SessionID&) throw(
      FIX::FieldNotFound, FIX::IncorrectDataFormat, FIX::IncorrectTagValue, FIX::UnsupportedMessageType) override {
    tell("app", message.toString());
  }

private:
  void shiftTime(FIX::Message& message) const {
    if (skewSeconds == 0) return;
    FIX::UtcTimeStamp time;
    time += skewSeconds;
    message.getHeader().setField(FIX::SendingTime(time, 3));
  }

  const std::string username_;
  const std::string password_;
  std::mutex fields_;
  std::vector<std::pair<int, std::string>> extra_;
};

class EventLog : public FIX::Log {
public:
  void clear() override {}
  void backup() override {}
  void onIncoming(const std::string&) override {}
  void onOutgoing(const std::string&) override {}
  void onEvent(const std::string& text) override { tell("log", text); }
};

class EventLogFactory : public FIX::LogFactory {
public:
  FIX::Log* create() override { return new EventLog; }
  FIX::Log* create(const FIX::SessionID&) override { return new EventLog; }
  void destroy(FIX::Log* log) override { delete log; }
};

std::string framed(std::string fields) {
  std::replace(fields.begin(), fields.end(), '|', '\001');
  return "8=FIX.4.4\0019=0\001" + fields + "\00110=000\001";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: initiator SETTINGS USERNAME PASSWORD" << std::endl;
    return 2;
  }
  try {
    const FIX::SessionSettings settings(argv[1]);
    Client client(argv[2], argv[3]);
    FIX::FileStoreFactory stores(settings);
    EventLogFactory logs;
    const FIX::SessionID id = *settings.getSessions().begin();
    const FIX::DataDictionary dictionary(settings.get(id).getString("DataDictionary"));
    std::unique_ptr<FIX::SocketInitiator> initiator(new FIX::SocketInitiator(client, stores, settings, logs));
    tell("ready", "");
    std::string line;
    while (std::getline(std::cin, line)) {
      const auto space = line.find(' ');
      const std::string command = line.substr(0, space);
      const std::string argument = space == std::string::npos ? "" : line.substr(space + 1);
      if (command == "start") initiator->start();
      else if (command == "stop") { initiator->stop(); tell("stopped", ""); }
      else if (command == "send") {
        FIX::Message message(framed(argument), dictionary, false);
        message.getHeader().setField(49, id.getSenderCompID().getString());
        message.getHeader().setField(56, id.getTargetCompID().getString());
        if (!FIX::Session::sendToTarget(message, id)) tell("unsent", argument);
      }
      else if (command == "next-out") FIX::Session::lookupSession(id)->setNextSenderMsgSeqNum(std::stoi(argument));
      else if (command == "next-in") FIX::Session::lookupSession(id)->setNextTargetMsgSeqNum(std::stoi(argument));
      else if (command == "skew") client.skewSeconds = std::stoi(argument);
      else if (command == "logon-field") client.addToLogon(argument);
      else tell("unknown", line);
    }
    initiator->stop(true);
  } catch (const std::exception& error) {
    tell("failed", error.what());
    return 1;
  }
  return 0;
}
